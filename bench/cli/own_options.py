"""Options with which a user hands over data or a module: they make a task or a technique, a plugin like any other."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.console import say
from bench.errors import BenchError

if TYPE_CHECKING:
    from bench.own_data import Made
    from bench.own_module import MadeModule

HEADING = "Your own data (docs/own-data.md)"
OF_MODULES = "Your own module (docs/own-module.md)"
STARTS, REFERENCES = ("own", "protocol"), ("default", "run")

_OPTIONS: dict[str, tuple[Any, str | None, str]] = {
    "data": (Path, "FILE", "Table (.csv, .parquet) or arrays (.npz: x, y) to train on, as a task."),
    "target": (str, "COLUMN", "Column of numbers to forecast."),
    "window": (str, "N,…", "Lengths of the windows that series are cut into; they are the lags."),
    "horizon": (int, "N", "Moments from the last that is seen to the one asked about; 1 by default."),
    "label": (str, "COLUMN", "Column of classes: of a row, of a sequence, or with --window of a moment."),
    "sequence": (str, "COLUMN", "Column that tells sequences apart where a row is a step."),
    "group": (str, "COLUMN", "Column that tells series apart, or what must not be in two parts, such as persons."),
    "time": (str, "COLUMN", "Column of times; by default the one called time, date, datetime or timestamp."),
    "inputs": (str, "COLUMNS", "Columns that are seen; by default all that have no other use."),
    "period": (int, "N", "Moments of a season, for the trivial forecast that it repeats."),
    "split": (str, "HOW", "What is held out: time (the latest), group (whole groups) or rows (at random)."),
    "gaps": (str, "HOW", "Missing values and jumps in time: refuse (the default), ignore, cut or hold."),
    "solved": (float, "SHARE", "Share of the best trivial answer's error that a solution may leave; 0.5 by default."),
}
_MODULES: dict[str, tuple[Any, str | None, str]] = {
    "module": (
        list[str],
        "FILE.py:CLASS",
        "torch.nn.Module of your own as a technique: of whole sequences, or a cell.",
    ),
    "module_start": (
        str,
        "own|protocol",
        "Its weights at the start: as it draws them (the default), or the protocol's.",
    ),
    "reference": (
        str,
        "default|run",
        "What trains beside it: the preset's techniques (default), or nothing (run: the store has them).",
    ),
}


def options() -> dict[str, inspect.Parameter]:
    """The options as parameters of a verb, by name."""
    return {name: _parameter(name, HEADING, *words) for name, words in _OPTIONS.items()}


def module_options() -> dict[str, inspect.Parameter]:
    """The options about modules as parameters of a verb, by name."""
    return {name: _parameter(name, OF_MODULES, *words) for name, words in _MODULES.items()}


def _parameter(name: str, heading: str, kind: Any, metavar: str | None, meaning: str) -> inspect.Parameter:
    option = typer.Option(f"--{name.replace('_', '-')}", metavar=metavar, rich_help_panel=heading, help=meaning)
    return inspect.Parameter(
        name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=Annotated[kind | None, option]
    )


def made(given: Mapping[str, Any]) -> Made | None:
    """Make the task that the options ask for, and say what it is; None if they ask for none.

    Raises BenchError for all that is wrong with them or with the file.
    """
    words = {name: value for name, value in given.items() if value is not None}
    if "data" not in words:
        if words:
            raise BenchError(f"--{next(iter(words))} says something about a file: name it with --data.")
        return None
    from bench.own_data import GAPS, SPLITS, Description, make

    for name, known in (("split", SPLITS), ("gaps", GAPS)):
        if words.get(name, known[0]) not in known:
            raise BenchError(f"--{name} {words[name]}: choose from {', '.join(known)}.")
    try:
        windows = tuple(sorted({int(part) for part in words.pop("window", "").split(",") if part.strip()}))
    except ValueError:
        raise BenchError("--window takes whole numbers, such as 50 or 20,50.") from None
    inputs = tuple(part.strip() for part in words.pop("inputs", "").split(",") if part.strip())
    found = make(Description(file=words.pop("data"), windows=windows, inputs=inputs, **words))
    say("\n".join([f"Task {found.name}:", *(f"  {line}" for line in found.says)]))
    return found


def made_modules(given: Mapping[str, Any]) -> list[MadeModule]:
    """Make the techniques that the options ask for, and say what was found out about them.

    Raises BenchError for all that is wrong with them.
    """
    start, reference = given["module_start"] or STARTS[0], given["reference"] or REFERENCES[0]
    for option, value, known in (("module-start", start, STARTS), ("reference", reference, REFERENCES)):
        if value not in known:
            raise BenchError(f"--{option} {value}: choose from {', '.join(known)}.")
    if not given["module"]:
        if given["module_start"] or given["reference"]:
            raise BenchError("--module-start and --reference say something about a module: name it with --module.")
        return []
    from bench.own_module import make_module

    found = [make_module(spec, start == "protocol") for spec in given["module"]]
    for line in (line for module in found for line in module.says):
        say(line)
    return found
