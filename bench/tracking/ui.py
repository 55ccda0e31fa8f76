"""The MLflow UI on a store: how it is started, and addresses that open it on grouped learning curves.

MLflow keeps a shared view (filter, grouping) as a tag of an experiment, and an address may name one.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import pandas as pd
from mlflow.entities import Experiment, LifecycleStage

from bench.errors import BenchError
from bench.tracking import layout
from bench.tracking.address import SERVERS
from bench.tracking.environment import UI_STORE
from bench.tracking.opening import plainly
from bench.tracking.store import Store
from bench.waiting import LOG

_VIEW_TAG = "mlflow.sharedViewState."


def ui_command(store: Store, host: str = "127.0.0.1", port: int = 5000) -> list[str]:
    """The command that serves the UI, run with `ui_environment`; empty where the store is a server itself.

    It ends when its standard input does.
    """
    if _is_server(store):
        return []
    return [sys.executable, "-P", "-m", "bench.tracking.ui_server", host, str(port)]


def ui_environment(store: Store) -> dict[str, str]:
    """The environment of `ui_command`; the store's address goes here, where no list of processes shows it.

    Other settings of MLflow in the environment are for other servers: they might open this one to the world.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "_MLFLOW_"))}
    return own | {UI_STORE: store.uri}


_MODE = urlencode({"workflowType": "machine_learning"})


def ui_addresses(store: Store, host: str = "127.0.0.1", port: int = 5000) -> dict[str, str]:
    """An address for each task, lag and arm ('adding lag 50', 'copy lag 5 exploding'): measured members by technique.

    Charts show their mean and spread. Presets the views in the store. Where nothing can be shown there is one address,
    of the list of experiments; unreadable results are only a warning, because the interface can be used to mend them.
    """
    base = _base(store, host, port)
    try:
        found = _curves(store, base)
    except BenchError as error:
        LOG.warning("%s", error)
        found = {}
    return found or {"experiments": f"{base}/#/experiments?{_MODE}"}


def _curves(store: Store, base: str) -> dict[str, str]:
    members = store.members()
    arms = {plan.protocol.hash: study.arm for study in store.studies() for plan in study.tasks}
    homes, found = _homes(store), dict[str, str]()
    measured = members[members["role"] == "measured"]
    for task in sorted(set(measured["task"]) - set(homes)):
        LOG.warning(
            "Cannot show the curves of task '%s' (its results still count): MLflow has no experiment for it. "
            "If it was renamed, rename it back to '%s'.",
            task,
            layout.task_experiment(task),
        )
    with plainly(store.shown):
        for (task, lag, protocol), group in measured.groupby(["task", "lag", "protocol_hash"]):
            if task in homes:
                name = f"{task} lag {lag}" + {"main": "", "": ""}.get(arm := arms.get(protocol, ""), f" {arm}")
                name = name if name not in found else f"{name} {protocol}"  # an earlier protocol's
                found[name] = _preset(store, homes[task], int(lag), str(protocol), group, base)
    return found


def _homes(store: Store) -> dict[str, Experiment]:
    """The experiment by task, whatever it is called now."""
    with plainly(store.shown):
        return {layout.task_of(e): e for e in store.records.homes() if e.lifecycle_stage == LifecycleStage.ACTIVE}


def _preset(store: Store, experiment: Experiment, lag: int, protocol: str, members: pd.DataFrame, base: str) -> str:
    key = f"lag-{lag}-{protocol}"
    view, tag = json.dumps(_view(lag, protocol, members), sort_keys=True), _VIEW_TAG + key
    if experiment.tags.get(tag) != view:
        store.client.set_experiment_tag(experiment.experiment_id, tag, view)
    query = urlencode({"compareRunsMode": "CHART", "viewStateShareKey": key})
    return f"{base}/#/experiments/{experiment.experiment_id}/runs?{_MODE}&{query}"


def _view(lag: int, protocol: str, members: pd.DataFrame) -> dict[str, Any]:
    """MLflow's view state, in its own words: filter, grouping, folded groups, columns and charts."""
    curves = [_curve(metric, "learning") for metric in layout.CURVE_METRICS.values()]
    flow = [_curve(metric, "gradient flow") for metric in layout.FLOW_METRICS.values()]
    bars = [_chart("BAR", metric, "outcome") for metric in (layout.SOLVED, *layout.FINAL.values())]
    return {
        "searchFilter": f"params.role = 'measured' and params.lag = '{lag}' and tags.protocol_hash = '{protocol}'",
        "orderByKey": "params.`technique`",
        "orderByAsc": True,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "groupBy": {
            "aggregateFunction": "average",
            "groupByKeys": [{"mode": "param", "groupByData": "technique"}],
        },
        "groupsExpanded": {f"param.technique.{name}": False for name in sorted(members["technique"].unique())},
        "runsHiddenMode": "SHOW_ALL",
        "selectedColumns": [
            "params.`seed`",
            "tags.`outcome`",
            "metrics.`final/updates`",
            "metrics.`final/metric`",
        ],
        "isAccordionReordered": True,
        "compareRunSections": [_section(name, columns) for name, columns in _SECTIONS.items()],
        "compareRunCharts": curves + flow + bars,
    }


_SECTIONS = {"learning": 2, "gradient flow": 2, "outcome": 4}
"""Charts a row, by section."""


def _section(name: str, columns: int) -> dict[str, Any]:
    return {
        "uuid": name,
        "name": name,
        "columns": columns,
        "display": True,
        "isReordered": True,
        "deleted": False,
        "isGenerated": False,
    }


def _chart(kind: str, metric: str, section: str) -> dict[str, Any]:
    return {
        "type": kind,
        "uuid": metric,
        "metricKey": metric,
        "metricSectionId": section,
        "isGenerated": True,
        "deleted": False,
        "runsCountToCompare": 20,
    }


def _curve(metric: str, section: str) -> dict[str, Any]:
    return _chart("LINE", metric, section) | {
        "lineSmoothness": 0,
        "xAxisKey": "step",
        "xAxisScaleType": "linear",
        "scaleType": "log" if metric.startswith("gradient") else "linear",
        "range": {},
        "selectedXAxisMetricKey": "",
        "displayPoints": False,
        "yAxisKey": "metric",
        "yAxisExpressions": [],
        "ignoreOutliers": False,
        "useGlobalXaxisKey": True,
        "useGlobalLineSmoothing": True,
    }


def _is_server(store: Store) -> bool:
    return store.uri.startswith(tuple(f"{scheme}://" for scheme in SERVERS))


def _base(store: Store, host: str, port: int) -> str:
    """Return the server's address without what may be secret: users, passwords, queries."""
    if not _is_server(store):
        return f"http://{host}:{port}"
    return re.sub(r"[?#].*", "", re.sub(r"//\S*@", "//", store.uri)).rstrip("/")


@dataclass(frozen=True)
class RunAddresses:
    """The addresses at which MLflow's interface shows runs of a store."""

    base: str
    """Address of the server: the store itself if it is one, else where `ui_command` serves it by default."""
    experiments: dict[str, str]
    """The experiment's id by task."""

    def run(self, task: str, run: str) -> str:
        """One run; empty if the task has no experiment."""
        return self._within(task, run)

    def setting(self, task: str, setting_hash: str, role: str) -> str:
        """The list of a setting's runs in one role; empty if the task has no experiment."""
        wanted = f"tags.setting_hash = '{setting_hash}' and params.role = '{role}'"
        return self._within(task, "", searchFilter=wanted)

    def _within(self, task: str, run: str, **query: str) -> str:
        if task not in self.experiments:
            return ""
        path = f"{self.base}/#/experiments/{self.experiments[task]}/runs" + (f"/{run}" if run else "")
        return f"{path}?{urlencode({'workflowType': 'machine_learning', **query}, quote_via=quote)}"


def run_addresses(store: Store, host: str = "127.0.0.1", port: int = 5000) -> RunAddresses:
    """The addresses of all runs of a store. Raises BenchError if it cannot be read."""
    experiments = {task: experiment.experiment_id for task, experiment in _homes(store).items()}
    return RunAddresses(_base(store, host, port), experiments)
