"""Brings MLflow up to date after results or a report were written; a failure of this is no failure of the verb."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import BenchError

if TYPE_CHECKING:
    from bench.report.findings import Findings
    from bench.tracking import Store


def show_in_mlflow(
    store: "Store",
    told: Callable[[str], object],
    findings: "Findings | None" = None,
    pages: "Sequence[Path]" = (),
) -> None:
    """Have MLflow show what is new, see `bench.report.in_mlflow`; what stands in the way is told in a sentence."""
    from bench.report.in_mlflow import show_in_mlflow as show

    try:
        show(store, findings, pages)
    except BenchError as error:
        told(f"Descriptions and pictures in MLflow are not up to date; the next run or report tries again. {error}")
