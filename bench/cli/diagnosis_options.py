"""Options of `bptt-bench diagnose`: what the user hands over, what is known of it, and how thoroughly to look."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

FAILURES = {
    "wiring": ("wiring",), "trivial": ("trivial",), "cut": ("cut",), "vanish": ("vanishes",),
    "explode": ("explodes",), "nan": ("explodes",), "unused": ("reached, not used",),
    "unneeded": ("memory not needed",), "unknown": ("cannot tell",),
}  # fmt: skip
"""Words of --fail-on, and the verdicts that they stand for."""
EVERY = ",".join(FAILURES)

ModelArgument = Annotated[str, typer.Argument(metavar="FILE.py:FACTORY", help="What makes the model, or module:Class.")]
BatchOption = Annotated[
    str | None, typer.Option(metavar="FILE", help="Batch: .npz or .pt with x, y and maybe lengths.")
]
DataOption = Annotated[
    str | None, typer.Option(metavar="MODULE:LOADER", help="Loader of batches (x, y), or a function that gives one.")
]
CheckpointOption = Annotated[Path | None, typer.Option(metavar="FILE", help="Weights that training ended with.")]
LossOption = Annotated[
    str | None,
    typer.Option(metavar="NAME|FILE.py:FN", help="mse, cross-entropy or your own; by default what y asks for."),
]
TimeOption = Annotated[int, typer.Option(metavar="N", min=0, max=9, help="Axis of x with the steps.")]
CausalOption = Annotated[bool, typer.Option("--causal", help="Outputs must not depend on later inputs.")]
LagOption = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Steps back at which what matters lies, if you know it.")
]
StartsOption = Annotated[int, typer.Option(metavar="N", min=1, max=100, help="Starts to measure the gradient at.")]
SecondsOption = Annotated[float, typer.Option(metavar="S", min=1, help="Most time for training a copy on the batch.")]
LadderOption = Annotated[bool, typer.Option("--ladder", help="Also train the model on our tasks at rising lags.")]
TryOption = Annotated[bool, typer.Option("--try", help="Also train copies with each remedy, paired by seed.")]
FailOption = Annotated[
    str, typer.Option(metavar="KINDS", help=f"Findings that make the exit code 1: {', '.join(FAILURES)}.")
]
OutputOption = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder for pages, JSON and CSV; also recorded in MLflow.")
]
LanguageOption = Annotated[
    list[str] | None, typer.Option("--language", metavar="CODES", help="Languages of the pages; all by default.")
]
