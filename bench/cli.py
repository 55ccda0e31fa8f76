"""The command line. A room is imported only when a command needs it, so that help comes at once."""

import os
import shlex
import signal
import subprocess
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bench import history_commands, nightly_commands
from bench.collector import collect_seldom
from bench.console import check_free, columns, csv_table, echo, fitted, printable, say, to_json
from bench.errors import FAILED, UNFINISHED, BenchError, without_secrets
from bench.files import write_named
from bench.interpreters import SAFE_PATH
from bench.options import (
    AddressOption,
    BudgetOption,
    ExecutorOption,
    GpusOption,
    HistoryOption,
    JobsOption,
    JsonOption,
    PluginOption,
    RetryOption,
    StoreOption,
    TimeoutOption,
    WaitOption,
    load_plugins,
    with_studies,
)
from bench.streams import is_terminal, settle
from bench.surroundings import check_working_folder, find_home

if TYPE_CHECKING:
    from bench.execution import RunSummary
    from bench.protocol.study import Study
    from bench.tracking import Store

app = typer.Typer(
    name="bptt-bench",
    help="What really helps against vanishing gradients in recurrent networks, by measurement.",
    add_completion=False,
    rich_markup_mode=None,  # rich doubles the time that help takes
    pretty_exceptions_enable=False,
)


LONGEST = 1000
"""Characters of a message: a value that was given need not be repeated whole."""
PNG_DPI = 200
"""Enough for a slide as wide as the figure's page."""
SECONDS_TO_END = 10
"""What a server may take to end by itself."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; what the user can mend is one line on standard error.

    0: done. 1: something failed on the way. 2: bad input. 3: another run holds the store. 4: the budget is spent, and
    there is work left. 130, 143: interrupted, terminated.
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
    except BrokenPipeError:  # the reader has seen enough
        return 128 + signal.SIGPIPE
    except Exception:  # a mistake of ours; libraries put addresses with passwords into what they say
        say(without_secrets(traceback.format_exc()))
        return 1
    finally:
        signal.signal(signal.SIGTERM, before)
    if status == 128 + signal.SIGINT:  # typer's word for KeyboardInterrupt
        how = "Interrupted" if interruption == signal.SIGINT else "Terminated"
        return _complain(f"{how}: nothing that was finished is lost.", 128 + interruption)
    return status


def _complain(sentence: str, status: int) -> int:
    line = printable(" ".join(without_secrets(sentence).split()))
    say(f"bptt-bench: {line if len(line) <= LONGEST else line[: LONGEST - 1] + '…'}")
    return status


def _usage_sentence(error: typer.TyperException) -> str:
    near = getattr(error, "possibilities", None)  # of an unknown option
    hint = f". Did you mean {' or '.join(sorted(near))}?" if near else ""
    return error.message + hint if near else error.format_message().replace("Value error, ", "")


@app.command("list")
def list_(
    kind: Annotated[
        Literal["techniques", "tasks", "presets", "claims"],
        typer.Argument(metavar="techniques|tasks|presets|claims"),
    ],
    plugin: PluginOption = None,
    as_json: JsonOption = False,
) -> None:
    """List techniques, tasks, presets or the source's claims."""
    load_plugins(plugin)
    records = {"techniques": techniques, "tasks": tasks, "presets": presets, "claims": claims}[kind]()
    echo(to_json(records) if as_json else columns(records))


def techniques() -> list[dict[str, Any]]:
    """What every technique says about itself."""
    from bench.techniques import techniques as registry

    fields = ("name", "title", "family", "source_row", "changes", "reference")
    return [{field: getattr(cls, field) for field in fields} for cls in registry.all().values()]


def tasks() -> list[dict[str, Any]]:
    """What every task says about itself."""
    from bench.tasks import tasks as registry

    fields = ("name", "title", "least_lag", "metric_name", "solved_at", "higher_is_better", "reference")
    return [{field: getattr(cls, field) for field in fields} for cls in registry.all().values()]


def presets() -> list[dict[str, Any]]:
    """Every preset by name, with its title by language."""
    from bench.protocol.preset import load_preset, preset_names

    return [{"name": name, **load_preset(name).title} for name in preset_names()]


def claims() -> list[dict[str, Any]]:
    """Every claim of the source by id, with its text by language."""
    from bench.evidence.source import load_claims

    return [{"id": claim.id, **claim.says} for claim in load_claims()]


@app.command()
def preset(name: Annotated[str, typer.Argument(help="One that 'list presets' names.")]) -> None:
    """Print a preset as YAML, to be changed and given to --preset as a file."""
    from bench.protocol.preset import preset_text

    echo(preset_text(name).encode(), nl=False)  # YAML is UTF-8, whatever the terminal's encoding


@app.command()
@with_studies
def plan(
    studies: "list[Study]",
    jobs: JobsOption = None,
    store: StoreOption = None,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a run would train, and about how long it takes."""
    from bench.execution import make_plan
    from bench.tracking import Store
    from bench.tracking.address import locate

    database = locate(store).database
    nothing_yet = database is not None and not database.exists()
    members = None if nothing_yet else Store.open(store, create=False).members()
    outlook = make_plan(studies, members, jobs, [str(file) for file in plugin or ()]).model_dump()
    words = {name: outlook.pop(name) for name in ("arms", "extrapolated", "skipped")}
    if as_json:
        echo(to_json({**outlook, **words}))
    else:
        echo(
            "\n".join(
                [
                    columns([{**outlook, "arms": ",".join(words["arms"])}]),
                    *(f"{name}: {printable(line)}" for name in ("extrapolated", "skipped") for line in words[name]),
                ]
            )
        )


@app.command()
@with_studies
def run(
    studies: "list[Study]",
    jobs: JobsOption = None,
    budget: BudgetOption = None,
    timeout: TimeoutOption = None,
    retry_failed: RetryOption = False,
    wait: WaitOption = True,
    store: StoreOption = None,
    plugin: PluginOption = None,
    executor: ExecutorOption = "local",
    address: AddressOption = None,
    gpus_per_cohort: GpusOption = None,
    history: HistoryOption = True,
) -> None:
    """Train what is missing; goes on where it was stopped."""
    from bench.execution import Budget, account, hiring, run_studies
    from bench.tracking import Store

    opened = Store.open(store)
    limit = Budget(budget) if budget else None
    files, told = [str(file) for file in plugin or ()], say if wait else None
    with hiring(executor, address, gpus_per_cohort) as hire:
        summary = run_studies(
            studies,
            opened,
            jobs,
            files,
            budget=limit,
            timeout=timeout,
            retry_failed=retry_failed,
            told=told,
            hire=hire,
        )
    say(account(summary))
    _tell_problems(summary, bool(plugin))
    if summary.interrupted:
        raise KeyboardInterrupt
    if history:
        history_commands.remember(studies, opened, files, timeout)
    if not summary.trouble:  # else the store may be gone
        address = f" --store {shlex.quote(without_secrets(store))}" if store else ""
        say(f"The report: bptt-bench report{address}\nThe curves: bptt-bench ui{address}")
    if summary.failures or summary.trouble:
        raise typer.Exit(FAILED)
    if summary.left:
        raise typer.Exit(UNFINISHED)


def _tell_problems(summary: "RunSummary", has_plugins: bool) -> None:
    """What failed in a run, and what the store did not take."""
    if summary.failures:
        say(f"\nFailed (--retry-failed tries again):\n{columns(summary.failures)}")
        if has_plugins:
            say("What a plugin of yours does wrong, bench.testing.check_technique and check_task often say in words.")
    if summary.trouble:
        say(without_secrets(summary.trouble))


@app.command()
def report(
    store: StoreOption = None,
    language: Annotated[Literal["en", "zh", "both"], typer.Option()] = "both",
    output: Annotated[Path | None, typer.Option(metavar="DIR", help="By default reports/<date and time>.")] = None,
    png: Annotated[bool, typer.Option("--png", help="Write the figures as PNG too, beside SVG.")] = False,
    plugin: PluginOption = None,
) -> None:
    """Render HTML and PDF from the store; prints their paths. Figures, tables and a manifest come beside them."""
    load_plugins(plugin)
    from joblib import cpu_count

    from bench.reporting import write_report
    from bench.reporting.archive import new_folder
    from bench.tracking import Store, run_addresses

    languages = ("en", "zh") if language == "both" else (language,)
    opened = Store.open(store, create=False)
    folder = output or new_folder(Path("reports"))
    _tell_cut_off(opened)
    addresses, dpi = run_addresses(opened), PNG_DPI if png else 0
    for file in write_report(opened, folder, languages, addresses, jobs=cpu_count(), png_dpi=dpi):
        echo(file)


def _tell_cut_off(store: "Store") -> None:
    """Results that are left out are left out with a word."""
    count = store.cut_off()
    if count:
        say(f"Left out: cohorts that are not complete, being written, cut off or damaged: {count}. A run repairs them.")


@app.command()
def verdicts(store: StoreOption = None, plugin: PluginOption = None, as_json: JsonOption = False) -> None:
    """Say of every claim of the source what the stored results say of it."""
    load_plugins(plugin)
    from bench.evidence.verdicts import as_line, as_record, judge
    from bench.tracking import Store

    opened = Store.open(store, create=False)
    _tell_cut_off(opened)
    judged = judge(opened)
    if as_json:
        echo(to_json([as_record(verdict) for verdict in judged]))
        return
    table = columns([as_line(verdict) for verdict in judged])
    echo(fitted(table) if is_terminal(sys.stdout) else table)


@app.command()
def export(
    format: Annotated[Literal["json", "csv", "parquet"], typer.Option()],
    store: StoreOption = None,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="By default standard output.")] = None,
) -> None:
    """Give out the results, one tidy row a member."""
    from bench.tracking import Store

    opened = Store.open(store, create=False)
    _tell_cut_off(opened)
    members = opened.members()
    if members.empty:
        say("The store holds no complete result.")
    if format == "parquet":
        data = members.to_parquet()
    elif format == "csv":
        data = csv_table(members).encode()
    else:
        data = f"{to_json(members.to_dict('records'))}\n".encode()
    if output is None:
        echo(data, nl=False)
    else:
        write_named(output, data)


@app.command()
def ui(store: StoreOption = None, port: Annotated[int, typer.Option(min=1, max=65535)] = 5000) -> None:
    """Serve the MLflow UI on 127.0.0.1 until Ctrl-C."""
    from bench.tracking import Store, ui_addresses, ui_command, ui_environment

    opened = Store.open(store, create=False)
    if opened.location.is_copy:
        say(f"Store {opened.shown} may not be written: a copy of it is shown, and what is changed there is lost.")
    else:
        opened.mend()
    command = ui_command(opened, port=port)
    if command:
        check_free(port)
    addresses = ui_addresses(opened, port=port)
    echo(columns([{"curves": where, "address": address} for where, address in addresses.items()]))
    if command:  # else the store is a server that runs already
        sys.stdout.flush()
        _serve(command, ui_environment(opened))


def _serve(command: list[str], environment: dict[str, str]) -> None:
    """Run a server until Ctrl-C, which is how it is to end. However this program ends, the server's input does, too."""
    server = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, start_new_session=True)
    status = 0
    try:
        status = server.wait()
    except KeyboardInterrupt:
        pass
    finally:
        with suppress(subprocess.TimeoutExpired):
            server.communicate(timeout=SECONDS_TO_END)  # ends its input
        server.kill()
        server.wait()
    if status:
        raise BenchError(f"The MLflow server ended with exit code {status}: its messages are above.")


@app.command()
def doctor(
    store: StoreOption = None,
    install: Annotated[
        bool, typer.Option("--install", help="Install missing system packages where that is allowed.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check what is installed; every finding has its remedy."""
    from bench.doctor import examine, install_missing

    findings = examine(store)
    if install and any(finding.packages for finding in findings):
        install_missing(findings)
        findings = examine(store)
    records = [asdict(finding) for finding in findings]
    echo(to_json(records) if as_json else columns([{k: v for k, v in r.items() if k != "packages"} for r in records]))
    if any(finding.state == "problem" for finding in findings):
        raise typer.Exit(1)


app.add_typer(history_commands.app)
app.add_typer(nightly_commands.app)
