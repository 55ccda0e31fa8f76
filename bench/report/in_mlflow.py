"""Shows results in MLflow as people open it: pictures of settings, descriptions, and the latest report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.report.setting_picture import VERSION, setting_picture
from bench.tracking.cohort_pages import add_pictures, describe_cohorts
from bench.tracking.furnish import furnish
from bench.tracking.kept_report import keep_report

if TYPE_CHECKING:
    from bench.report.findings import Findings
    from bench.tracking import Store


def show_in_mlflow(store: Store, findings: Findings | None = None, pages: Sequence[Path] = ()) -> None:
    """Draw and describe what MLflow lacks, with the claims of `findings`, and keep a report's `pages` in the store.

    What is there already stays, so it may be done after each run. A store that may not be written is left as it is.
    Raises BenchError if something could not be written; what was is whole.
    """
    if store.location.is_copy:
        return
    store.reach()
    store.mend()
    if pages:
        keep_report(store, pages)
    add_pictures(store, setting_picture, VERSION)
    members = store.members()
    describe_cohorts(store, _claims(findings) if findings else None, members)
    furnish(store, members)


def _claims(findings: Findings) -> dict[str, set[str]]:
    """The claims that rest on a run, by the run's id."""
    found: dict[str, set[str]] = {}
    for verdict in findings.all_verdicts:
        for part in verdict.parts:
            for run in part.runs:
                found.setdefault(run, set()).add(verdict.claim)
    return found
