"""Results and reports that may go, and their removal."""

import shutil
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.options import duration

if TYPE_CHECKING:
    from bench.evidence.retention import Unneeded
    from bench.tracking import Store

ReportsOption = Annotated[Path, typer.Option("--reports", metavar="DIR", help="Folder for reports and the log.")]
AgeOption = Annotated[
    float,
    typer.Option(
        "--older-than", metavar="TIME", parser=duration, help="Age beyond which old results are removed, such as 30d."
    ),
]
KeepOption = Annotated[int, typer.Option("--keep-reports", metavar="N", min=1, help="Number of reports to keep.")]


@dataclass(frozen=True)
class Outdated:
    """Results and reports that `prune` removes."""

    results: "Unneeded"
    dead: list[str]
    """Runs that count for nothing already: deleted in MLflow's interface, or left by a program that was killed."""
    folders: list[Path]
    """Folders of reports."""
    links: list[Path]
    """Links that are named like reports: they stay."""

    def rows(self) -> list[dict[str, Any]]:
        """One row a kind: what, how many, which."""
        cohorts = self.results.cohorts
        kinds = {
            "superseded cohorts": cohorts.loc[cohorts["why"] == "superseded", "cohort"].tolist(),
            "stale cohorts": cohorts.loc[cohorts["why"] != "superseded", "cohort"].tolist(),
            "studies": self.results.studies,
            "dead runs": self.dead,
            "report folders": [str(folder) for folder in self.folders],
        }
        return [{"what": what, "count": len(which), "which": which} for what, which in kinds.items()]

    def staying(self) -> Iterator[str]:
        """Say what a user may have expected to go, and why it does not."""
        if self.results.unknown:
            yield f"{self.results.unknown} runs of unknown techniques or tasks; load these with --plugin"
        for link in self.links:
            yield f"{link}, which is a link, not a report"

    def without(self, folders: Container[Path]) -> "Outdated":
        """The same without some folders."""
        return replace(self, folders=[folder for folder in self.folders if folder not in folders])


def outdated(store: "Store", reports: Path, age: float, keep: int) -> Outdated:
    from bench.evidence.retention import unneeded
    from bench.report.archive import links, old_folders

    before = datetime.now(UTC) - timedelta(seconds=age)
    return Outdated(unneeded(store, before), store.dead(), old_folders(reports, keep), links(reports))


def remove_folders(folders: list[Path]) -> dict[Path, str]:
    """Remove them; returns those that cannot be removed, and why."""
    stuck = {}
    for folder in folders:
        try:
            shutil.rmtree(folder)
        except OSError as error:
            stuck[folder] = error.strerror or str(error)
    return stuck


def not_removed(stuck: dict[Path, str]) -> str:
    reasons = "; ".join(f"{folder} ({why})" for folder, why in stuck.items())
    return f"Some old reports could not be removed; remove or rename them yourself: {reasons}."


def remove_results(store: "Store", gone: Outdated) -> int:
    """Remove results, and give back the disk; returns the bytes freed in the database."""
    from bench.tracking.pruning import purge

    store.delete("cohorts", gone.results.cohorts["cohort"].tolist())
    store.delete("studies", gone.results.studies)
    store.repair()
    return purge(store)
