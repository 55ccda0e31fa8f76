"""The pages of cohorts in MLflow: a picture, and a description that leads to runs, claims and the report.

For people alone, like all of `furnish`: no result is read from them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import pandas as pd
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from bench.errors import BenchError
from bench.tracking import layout, notes, paths, said
from bench.tracking.charts import homes
from bench.tracking.kept_report import report_pages
from bench.tracking.notes import link, plain
from bench.tracking.opening import plainly
from bench.tracking.store import Store

Draw = Callable[[dict[str, pd.DataFrame]], bytes]
"""A picture as PNG from a cohort's tables of members, curves and gradients; empty: there is nothing to draw."""
DRAWN = "bptt-bench.picture"
"""The tag of a cohort's record: the version of its picture, also where there was nothing to draw."""
CLAIMS = "claims"
"""The tag of a cohort's record: the claims that rest on its runs, by the latest report."""
_TABLES = ("members", "curves", "gradients")


def add_pictures(store: Store, draw: Draw, version: str) -> None:
    """Draw the cohorts whose picture is not of this version. Raises BenchError if the store cannot be written."""
    with plainly(store.shown):
        for record in store.records.standing("cohorts").whole:
            if record.data.tags.get(DRAWN) != version:
                _add_picture(store, record, draw, version)


def _add_picture(store: Store, record: Run, draw: Draw, version: str) -> None:
    """Draw one cohort. One that cannot be read, or that is being removed, is left as it is."""
    try:
        tables = {name: store.table(record, name) for name in _TABLES}
        measured = (tables["members"]["role"] == "measured").all()
        if png := draw(tables) if measured else b"":
            store.write_file(record, said.PICTURE, png)
        store.client.set_tag(record.info.run_id, DRAWN, version)
    except (BenchError, MlflowException):
        store.reach()  # if the store is gone, that is what is to be said


def describe_cohorts(
    store: Store, claims: Mapping[str, Collection[str]] | None = None, members: pd.DataFrame | None = None
) -> None:
    """Describe the cohorts' records, unless a person has.

    claims: the claims that rest on a run, by the run's id; None: they are not known, and descriptions that are there
    stay. members: the store's, if they have been read. Raises BenchError if results cannot be read, or the store cannot
    be written.
    """
    found = store.members() if members is None else members
    by_cohort = {str(cohort): rows for cohort, rows in found.groupby("cohort")}
    experiments = {task: experiment.experiment_id for task, experiment in homes(store).items()}
    report = report_pages(store)
    with plainly(store.shown):
        for record in store.records.standing("cohorts").whole:
            rows = by_cohort.get(record.data.tags.get(layout.KEY, ""))
            written = record.data.tags.get(notes.TAG)
            if rows is None or not notes.is_ours(written) or (written is not None and claims is None):
                continue
            own = sorted({claim for run in rows["mlflow_run_id"] for claim in (claims or {}).get(run, ())})
            wanted = notes.signed(_of_cohort(record, rows, own, experiments, report))
            if written != wanted:
                store.client.set_tag(record.info.run_id, notes.TAG, wanted)
            if record.data.tags.get(CLAIMS, "") != " ".join(own):
                store.client.set_tag(record.info.run_id, CLAIMS, " ".join(own))


def _of_cohort(
    record: Run, rows: pd.DataFrame, claims: list[str], experiments: dict[str, str], report: dict[str, str]
) -> str:
    """Describe a cohort in Markdown."""
    first, counts = rows.iloc[0], rows["outcome"].value_counts()
    ends = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    purpose = "" if first["role"] == "measured" else ", to choose a learning rate"
    told = [
        f"**{plain(first['title'])}** on **{plain(first['task_title'] or first['task'])}**, lag {first['lag']}: "
        f"{len(rows)} runs side by side{purpose}; {ends}."
    ]
    leads = []
    if first["task"] in experiments:
        wanted = f"tags.{layout.RECORD} = '{record.info.run_id}'"
        leads.append(link("The runs", paths.of_runs(experiments[first["task"]], searchFilter=wanted)))
    leads += [link(f"report, {name.removeprefix('report.')}", path) for name, path in report.items()]
    told.append(" · ".join(leads))
    if claims:
        told.append(f"Claims that rest on these runs: {', '.join(map(plain, claims))}.")
    if first["role"] == "measured":
        told.append(f"![Learning curves and gradient flow]({said.picture(record.info.run_id)})")
    return "\n\n".join(filter(None, told))
