"""Furnishes MLflow for people: describes the experiments, and puts prepared charts into their lists of views.

Nothing of this is read to judge a result. Only what would change is written, so it may be done at any time, and by
several machines at once.
"""

from __future__ import annotations

from typing import get_args

import pandas as pd
from mlflow.entities import Experiment

from bench.tracking import layout, notes, paths, views
from bench.tracking.charts import Chart, charts, homes
from bench.tracking.kept_report import report_pages
from bench.tracking.layout import Kind
from bench.tracking.notes import link, plain
from bench.tracking.opening import plainly
from bench.tracking.store import Store

_RECORDS: dict[Kind, str] = {
    "cohorts": "Files of results. One run for each cohort, the training runs of one setting that trained side by side: "
    "its tables, and pictures of what they learned and of how their gradients flow.",
    "studies": "What was requested: one run for each arm of a preset. The newest has the latest report.",
    "costs": "What an update of each technique costs in time, memory and operations.",
    "timings": "Samples of speed, taken at the end of each run for the history.",
    "snapshots": "What was known at the end of each run. `bptt-bench history` compares them.",
}
_DIAGNOSES = "Diagnoses of models of your own, by `bptt-bench diagnose`. They are no results of the benchmark."
_LEAVE = "Results are found by this experiment's name and by its runs' tags: please do not change them."
_MORE = "How all this is laid out, and what editing and deleting do: docs/mlflow.md."


def furnish(store: Store, members: pd.DataFrame | None = None) -> list[Chart]:
    """Write the views and the descriptions of a store's experiments; returns the prepared charts.

    members: the store's, if they have been read. Raises BenchError if results cannot be read, or the store cannot be
    written.
    """
    experiments = homes(store)
    prepared = charts(store, experiments, store.members() if members is None else members)
    report = _report(report_pages(store))
    with plainly(store.shown):
        cohorts = _describe_records(store, report)
        for task, experiment in experiments.items():
            own = [chart for chart in prepared if chart.task == task]
            if own:
                _put(store, experiment, [views.trained(), *(chart.view for chart in own)])
            _describe(store, experiment, _of_task(task, experiment, own, cohorts, report))
    return prepared


def _describe_records(store: Store, report: str) -> Experiment | None:
    """Describe the experiments that hold records and diagnoses; returns the one with cohorts."""
    for kind in get_args(Kind):
        if found := store.client.get_experiment_by_name(layout.record_experiment(kind)):
            _describe(store, found, _paragraphs(_RECORDS[kind], report if kind == "studies" else "", _LEAVE, _MORE))
    if diagnoses := store.client.get_experiment_by_name(layout.DIAGNOSES):
        _describe(store, diagnoses, _DIAGNOSES)
    return store.client.get_experiment_by_name(layout.record_experiment("cohorts"))


def _of_task(task: str, experiment: Experiment, prepared: list[Chart], cohorts: Experiment | None, report: str) -> str:
    """Say what an experiment with training runs holds, and lead to it: MLflow folds all but the first line."""
    said = [f"Training runs on {plain(task)}."]
    if prepared:
        trained = paths.of_runs(experiment.experiment_id, viewStateShareKey=views.TRAINED)
        short = [link(chart.name.removeprefix(f"{task} "), chart.path) for chart in prepared]
        said[0] += f" Learning curves by technique: {' · '.join(short)}."
        said += [f"The same charts, and the list of {link('trained runs', trained)}, are under *Views*."]
    if cohorts:
        wanted = f"tags.mlflow.runName LIKE '% {task} lag %'"
        where = paths.of_runs(cohorts.experiment_id, searchFilter=wanted, orderByKey="attributes.start_time")
        said += [f"Pictures and tables of each setting: {link('cohorts', where)}."]
    if report:
        said[0] += f" {report}"
    return _paragraphs(*said, _MORE)


def _report(pages: dict[str, str]) -> str:
    """Lead to the latest report; empty if none is kept."""
    named = {name.removeprefix("report."): path for name, path in pages.items()}
    return f"Latest report: {' · '.join(link(name, path) for name, path in named.items())}." if named else ""


def _paragraphs(*said: str) -> str:
    return "\n\n".join(filter(None, said))


def _describe(store: Store, experiment: Experiment, text: str) -> None:
    """Describe an experiment, unless a person has."""
    written, wanted = experiment.tags.get(notes.TAG), notes.signed(text)
    if written != wanted and notes.is_ours(written):
        store.client.set_experiment_tag(experiment.experiment_id, notes.TAG, wanted)


def _put(store: Store, experiment: Experiment, wanted: list[views.View]) -> None:
    """Put views into an experiment's list, in this order; those that people have saved there come before them."""
    for place, view in enumerate(wanted):
        tag, value = views.TAG + view.key, view.enveloped(place)
        if experiment.tags.get(tag) != value:
            store.client.set_experiment_tag(experiment.experiment_id, tag, value)
