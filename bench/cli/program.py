"""The program as a whole: its verbs, and how it ends."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

import bench
from bench.cli.console import printable, say
from bench.cli.verb import Grouped, Sectioned, found
from bench.collector import collect_seldom
from bench.errors import BenchError, without_secrets
from bench.interpreters import SAFE_PATH
from bench.streams import settle
from bench.surroundings import check_working_folder, find_home

GLOSSARY = (
    "A run is one training of a technique with one seed. A setting is a technique on a task at a lag; a lag is the "
    "number of steps that the gradient has to travel. A preset lists the settings to run and the number of seeds. Its "
    "arms are further sets of experiments under other conditions, such as exploding gradients."
)
LONGEST = 1000
"""Characters of a message: a value that was given need not be repeated whole."""
READER_GONE = 128 + signal.SIGPIPE
"""The exit code when the reader of standard output has seen enough, however much was still to come."""

app = typer.Typer(
    name="bptt-bench",
    cls=Grouped,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,  # rich doubles the time that help takes
    pretty_exceptions_enable=False,
)
for _verb in found():
    app.command(_verb.name, cls=Sectioned, rich_help_panel=_verb.group)(_verb.command)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bptt-bench {bench.__version__}")
        raise typer.Exit


@app.callback(epilog=GLOSSARY)
def bptt_bench(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    """Measure what really helps against vanishing gradients in recurrent networks."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; what the user can mend is one line on standard error.

    0: done. 1: something failed on the way. 2: bad input. 3: another run holds the store. 4: the budget is spent, and
    there is work left. 130, 143: interrupted, terminated. 141: nobody reads standard output any more.
    """
    collect_seldom()
    settle()
    os.environ.setdefault(SAFE_PATH, "1")  # no Python that we start looks for modules in the working folder
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    interruption = signal.SIGINT

    def terminate(*_: object) -> None:
        nonlocal interruption
        interruption = signal.SIGTERM
        raise KeyboardInterrupt  # stops a run as cleanly as Ctrl-C does

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        check_working_folder()
        if homeless := find_home():
            say(homeless)
        status = app(args=words, prog_name="bptt-bench", standalone_mode=False) or 0
        sys.stdout.flush()
    except typer.TyperException as error:
        return _complain(_usage_sentence(error), 2)
    except BenchError as error:
        return _complain(str(error), error.exit_code)
    except SystemExit as error:  # how Typer ends what a shell asks of it, to complete words; and what nobody reads
        return READER_GONE if isinstance(error.__context__, BrokenPipeError) else int(error.code or 0)
    except BrokenPipeError:
        return READER_GONE
    except Exception:  # a mistake of ours; libraries put addresses with passwords into what they say
        say(without_secrets(traceback.format_exc()))
        return 1
    finally:
        signal.signal(signal.SIGTERM, before)
    if status == 128 + signal.SIGINT:  # typer's word for KeyboardInterrupt
        how = "Interrupted" if interruption == signal.SIGINT else "Terminated"
        return _complain(f"{how}: finished work is kept.", 128 + interruption)
    return status


def _complain(sentence: str, status: int) -> int:
    line = printable(" ".join(without_secrets(sentence).split()))
    say(f"bptt-bench: {line if len(line) <= LONGEST else line[: LONGEST - 1] + '…'}")
    return status


def _usage_sentence(error: typer.TyperException) -> str:
    near = getattr(error, "possibilities", None)  # of an unknown option
    hint = f". Did you mean {' or '.join(sorted(near))}?" if near else ""
    return error.message + hint if near else error.format_message().replace("Value error, ", "")
