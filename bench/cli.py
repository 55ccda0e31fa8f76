"""The command line. A room is imported only when a command needs it, so that help comes at once."""

import inspect
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bench.console import check_free, columns, say, to_json
from bench.errors import BenchError
from bench.files import write_whole

if TYPE_CHECKING:
    from bench.execution import RunSummary
    from bench.protocol.study import Study

app = typer.Typer(
    name="bptt-bench",
    help="What really helps against vanishing gradients in recurrent networks, by measurement.",
    add_completion=False,
    rich_markup_mode=None,  # rich doubles the time that help takes
    pretty_exceptions_enable=False,
)

StoreOption = Annotated[
    str | None,
    typer.Option("--store", metavar="URI", help="MLflow tracking URI; by default a database under ./mlruns."),
]
PluginOption = Annotated[
    list[Path] | None,
    typer.Option("--plugin", metavar="FILE", help="Python file with techniques or tasks of your own; repeatable."),
]
JobsOption = Annotated[
    int | None, typer.Option("--jobs", min=1, help="Cohorts trained at a time; by default one a core.")
]
PNG_DPI = 200
"""Enough for a slide as wide as the figure's page."""
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; what the user can mend is one line on standard error.

    0: done. 1: something failed on the way. 2: bad input. 130, 143: interrupted, terminated.
    """
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    interruption = signal.SIGINT

    def terminate(*_: object) -> None:
        nonlocal interruption
        interruption = signal.SIGTERM
        raise KeyboardInterrupt  # stops a run as cleanly as Ctrl-C does

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        status = app(args=words, prog_name="bptt-bench", standalone_mode=False) or 0
        sys.stdout.flush()
    except typer.TyperException as error:
        return _complain(_usage_sentence(error), 2)
    except BenchError as error:
        return _complain(str(error), 2)
    except BrokenPipeError:  # the reader has seen enough; what is still buffered goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    finally:
        signal.signal(signal.SIGTERM, before)
    if status == 128 + signal.SIGINT:  # typer's word for KeyboardInterrupt
        how = "Interrupted" if interruption == signal.SIGINT else "Terminated"
        return _complain(f"{how}: nothing that was finished is lost.", 128 + interruption)
    return status


def _complain(sentence: str, status: int) -> int:
    say(f"bptt-bench: {' '.join(sentence.split())}")
    return status


def _usage_sentence(error: typer.TyperException) -> str:
    near = getattr(error, "possibilities", None)  # of an unknown option
    hint = f". Did you mean {' or '.join(sorted(near))}?" if near else ""
    return error.message + hint if near else error.format_message().replace("Value error, ", "")


def load_plugins(files: list[Path] | None) -> None:
    """Register the techniques and tasks of a user's own files."""
    if files:
        from bench.registry import load_plugin
        from bench.tasks import tasks
        from bench.techniques import techniques

        for file in files:
            load_plugin(file, [tasks, techniques])


def _split(values: list[str] | None) -> list[str] | None:
    return values and [part.strip() for value in values for part in value.split(",")]


def _numbers(option: str, values: list[str] | None, kind: type[int] | type[float]) -> list[float] | None:
    try:
        return None if values is None else [kind(part) for part in _split(values) or ()]
    except ValueError:
        what = "whole numbers" if kind is int else "numbers"
        raise BenchError(f"{option} takes {what} separated by commas, not '{','.join(values or ())}'.") from None


def chosen_studies(
    preset: Annotated[str, typer.Option(metavar="NAME|FILE", help="A preset's name, or a YAML file like one.")],
    technique: Annotated[list[str] | None, typer.Option(metavar="NAMES", help="With dials: 'tbptt:window=20'.")] = None,
    task: Annotated[list[str] | None, typer.Option(metavar="NAMES")] = None,
    lag: Annotated[list[str] | None, typer.Option(metavar="STEPS", help="Steps the gradient must travel.")] = None,
    seeds: Annotated[int | None, typer.Option(help="Measured seeds of a setting.")] = None,
    updates: Annotated[int | None, typer.Option(help="The budget: optimiser steps of a member.")] = None,
    hidden_size: Annotated[int | None, typer.Option()] = None,
    batch_size: Annotated[int | None, typer.Option()] = None,
    learning_rate: Annotated[
        list[str] | None,
        typer.Option(metavar="RATES", help="The grid to tune over; one rate means no tuning."),
    ] = None,
    optimizer: Annotated[str | None, typer.Option(help="adam, adamw, nadam, radam, rmsprop or sgd.")] = None,
    clip_norm: Annotated[float | None, typer.Option(help="Clip every technique's gradient norm.")] = None,
    initialisation: Annotated[str | None, typer.Option(metavar="default|orthogonal")] = None,
    arm: Annotated[
        list[str] | None,
        typer.Option(metavar="NAMES", help="All by default, but main alone with --technique, --task or --lag."),
    ] = None,
    plugin: PluginOption = None,
) -> "list[Study]":
    """The studies that a preset and its selectors ask for. NAMES, STEPS and RATES are separated by commas."""
    load_plugins(plugin)
    from bench.protocol.preset import Selectors, load_preset, resolve_arms

    given = {
        "techniques": _split(technique),
        "tasks": _split(task),
        "lags": _numbers("--lag", lag, int),
        "seeds": seeds,
        "updates": updates,
        "hidden_size": hidden_size,
        "batch_size": batch_size,
        "learning_rates": _numbers("--learning-rate", learning_rate, float),
        "optimizer": optimizer,
        "clip_norm": clip_norm,
        "initialisation": initialisation,
    }
    return resolve_arms(load_preset(preset), Selectors.model_validate(given), _split(arm))


def with_studies(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `chosen_studies`, and the studies that they choose as its first argument."""
    choosing = inspect.signature(chosen_studies).parameters
    own = dict(list(inspect.signature(command).parameters.items())[1:])

    def run_command(**options: Any) -> None:
        studies = chosen_studies(**{name: options[name] for name in choosing})
        command(studies, **{name: options[name] for name in own})

    run_command.__name__, run_command.__doc__ = command.__name__, command.__doc__
    run_command.__signature__ = inspect.Signature(list({**choosing, **own}.values()))  # type: ignore[attr-defined]
    return run_command


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
    typer.echo(to_json(records) if as_json else columns(records))


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
    from bench.tracking.opening import locate

    database = locate(store).database
    nothing_yet = database is not None and not database.exists()
    members = None if nothing_yet else Store.open(store, create=False).members()
    outlook = make_plan(studies, members, jobs, [str(file) for file in plugin or ()]).model_dump()
    skipped, arms = outlook.pop("skipped"), outlook.pop("arms")
    if as_json:
        typer.echo(to_json({**outlook, "arms": arms, "skipped": skipped}))
    else:
        typer.echo(
            "\n".join([columns([{**outlook, "arms": ",".join(arms)}]), *(f"skipped: {reason}" for reason in skipped)])
        )


@app.command()
@with_studies
def run(
    studies: "list[Study]", jobs: JobsOption = None, store: StoreOption = None, plugin: PluginOption = None
) -> None:
    """Train what is missing; goes on where it was stopped."""
    from bench.execution import run_studies
    from bench.tracking import Store

    summary = run_studies(studies, Store.open(store), jobs, [str(file) for file in plugin or ()])
    say(_account(summary))
    if summary.interrupted:
        raise KeyboardInterrupt
    address = f" --store {shlex.quote(store)}" if store else ""
    say(f"The report: bptt-bench report{address}\nThe curves: bptt-bench ui{address}")
    if summary.failures:
        raise typer.Exit(1)


def _account(summary: "RunSummary") -> str:
    counts = f"Members trained: {summary.trained}; there already: {summary.cached}."
    if not summary.failures:
        return counts
    return f"{counts}\n\nFailed:\n{columns(summary.failures)}"


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
    from bench.tracking import Store

    folder = output or Path("reports", f"{datetime.now():%Y-%m-%d_%H-%M-%S}")
    languages = ("en", "zh") if language == "both" else (language,)
    dpi = PNG_DPI if png else 0
    for file in write_report(Store.open(store, create=False), folder, languages, jobs=cpu_count(), png_dpi=dpi):
        typer.echo(file)


@app.command()
def verdicts(store: StoreOption = None, plugin: PluginOption = None, as_json: JsonOption = False) -> None:
    """Say of every claim of the source what the stored results say of it."""
    load_plugins(plugin)
    from bench.evidence.verdicts import as_line, as_record, judge
    from bench.tracking import Store

    judged = judge(Store.open(store, create=False))
    if as_json:
        typer.echo(to_json([as_record(verdict) for verdict in judged]))
        return
    width = shutil.get_terminal_size((120, 24)).columns
    for line in columns([as_line(verdict) for verdict in judged]).splitlines():
        typer.echo(line if len(line) <= width else f"{line[: width - 1]}…")


@app.command()
def export(
    format: Annotated[Literal["json", "csv", "parquet"], typer.Option()],
    store: StoreOption = None,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="By default standard output.")] = None,
) -> None:
    """Give out the results, one tidy row a member."""
    from bench.tracking import Store

    members = Store.open(store, create=False).members()
    if format == "parquet":
        data = members.to_parquet()
    elif format == "csv":
        data = members.to_csv(index=False).encode()
    else:
        data = f"{to_json(members.to_dict('records'))}\n".encode()
    if output is None:
        typer.echo(data, nl=False)
    else:
        write_whole(output, data)


@app.command()
def ui(store: StoreOption = None, port: Annotated[int, typer.Option(min=1, max=65535)] = 5000) -> None:
    """Serve the MLflow UI on 127.0.0.1 until Ctrl-C."""
    from bench.tracking import Store, ui_address, ui_addresses, ui_command, ui_environment

    opened = Store.open(store, create=False)
    command = ui_command(opened, port=port)
    if command:
        check_free(port)
    addresses = ui_addresses(opened, port=port) or {"experiments": ui_address(opened, port=port)}
    typer.echo(columns([{"curves": where, "address": address} for where, address in addresses.items()]))
    if not command:  # the store is a server that runs already
        return
    sys.stdout.flush()
    server = subprocess.Popen(command, env=ui_environment(opened))
    try:
        status = server.wait()
    finally:
        server.terminate()
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
    typer.echo(
        to_json(records) if as_json else columns([{k: v for k, v in r.items() if k != "packages"} for r in records])
    )
    if any(finding.state == "problem" for finding in findings):
        raise typer.Exit(1)
