"""The latest report in the store: files of the newest study's record, which MLflow shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlflow.entities import Run

from bench.tracking import paths
from bench.tracking.opening import plainly
from bench.tracking.store import Store

FOLDER = "report"
TAG = "bptt-bench.report"
"""The tag of a study's record that the report is kept with: the names of its pages."""


def keep_report(store: Store, pages: Sequence[Path]) -> None:
    """Keep a report's pages with the newest study, in place of those that were there; without a study, do nothing.

    Raises BenchError if the store cannot be written.
    """
    with plainly(store.shown):
        newest = store.records.standing("studies").whole[-1:]
        for study in newest:
            for page in pages:
                store.write_file(study, f"{FOLDER}/{page.name}", page.read_bytes())
            store.client.set_tag(study.info.run_id, TAG, " ".join(page.name for page in pages))


def report_pages(store: Store) -> dict[str, str]:
    """The pages of the latest report that the store keeps, by name, and where MLflow's interface shows each."""
    with plainly(store.shown):
        kept: list[Run] = [study for study in store.records.standing("studies").whole if TAG in study.data.tags]
    return {
        name: paths.of_run(study.info.experiment_id, study.info.run_id, f"{FOLDER}/{name}")
        for study in kept[-1:]
        for name in study.data.tags[TAG].split()
    }
