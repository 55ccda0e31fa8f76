"""Options that commands share, and what they choose."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bench.errors import BenchError

if TYPE_CHECKING:
    from bench.records.study import Study

StoreOption = Annotated[
    str | None,
    typer.Option("--store", metavar="URI", help="MLflow tracking URI; by default a database under ./mlruns."),
]
PluginOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin",
        metavar="FILE",
        help="Python file with techniques, tasks or estimands of your own, or YAML file with claims; repeatable.",
    ),
]
YAML = ".yaml"
"""The end of the names of files with claims."""
JobsOption = Annotated[
    int | None, typer.Option("--jobs", min=1, max=1024, help="Cohorts trained at a time; by default one a core.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

HistoryOption = Annotated[
    bool,
    typer.Option("--history/--no-history", help="End with a sample of speeds and a snapshot for the history."),
]


def duration(text: str) -> float:
    """Seconds of '90m', '6h', '1h30m' or '30d'; BenchError for anything else, and for nothing."""
    found = re.fullmatch(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", text.strip())
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0, 0)
    total = 86400 * days + 3600 * hours + 60 * minutes + seconds
    if not total:
        raise BenchError(f"'{text}' is no length of time: write 90m, 6h, 1h30m or 30d.")
    return float(total)


BudgetOption = Annotated[
    float | None,
    typer.Option(
        "--budget",
        metavar="TIME",
        parser=duration,
        help="Time to train in, as 90m or 6h, a few seeds of everything first. By default as long as it takes.",
    ),
]


TimeoutOption = Annotated[
    float | None,
    typer.Option("--timeout", metavar="TIME", parser=duration, help="A cohort that takes longer, as 2h, has failed."),
]
RetryOption = Annotated[bool, typer.Option("--retry-failed", help="Train anew what has failed before.")]
WaitOption = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Wait for another run on the same store, or end with exit code 3.")
]
ExecutorOption = Annotated[
    Literal["local", "ray"],
    typer.Option("--executor", help="Who trains: processes here, or a Ray cluster (docs/cluster.md)."),
]
AddressOption = Annotated[
    str | None,
    typer.Option(
        "--address", metavar="HOST:PORT", help="Of Ray's head; by default RAY_ADDRESS or what runs here; or 'local'."
    ),
]
GpusOption = Annotated[
    float | None,
    typer.Option(
        "--gpus-per-cohort", min=0, help="A cohort's share of a GPU on the cluster, as 0.25; by default none."
    ),
]


def load_plugins(files: list[Path] | None) -> None:
    """Register what a user's own files bring: techniques, tasks, estimands, and claims in YAML files or beside them."""
    if files:
        from bench.evidence.claims import add_claims, claims_beside
        from bench.evidence.estimands import estimands
        from bench.registry import load_plugin
        from bench.tasks import tasks
        from bench.techniques import techniques

        for file in (file for file in files if file.suffix != YAML):
            load_plugin(file, [techniques, tasks, estimands])
        beside = [found for file in files if (found := claims_beside(file))]
        for file in [*(file for file in files if file.suffix == YAML), *beside]:
            add_claims(file)


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
    held_out_size: Annotated[int | None, typer.Option(help="Sequences that an evaluation looks at.")] = None,
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
    from bench.containment import aside
    from bench.protocol.preset import Selectors, load_preset, resolve_arms

    given = {
        "techniques": _split(technique),
        "tasks": _split(task),
        "lags": _numbers("--lag", lag, int),
        "seeds": seeds,
        "updates": updates,
        "hidden_size": hidden_size,
        "batch_size": batch_size,
        "held_out_size": held_out_size,
        "learning_rates": _numbers("--learning-rate", learning_rate, float),
        "optimizer": optimizer,
        "clip_norm": clip_norm,
        "initialisation": initialisation,
    }
    with aside():  # a plugin's classes are asked what they skip, and may have something to say
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
