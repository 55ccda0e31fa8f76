"""Views of an experiment's runs: their filter, columns and charts, under a name in MLflow's list "Views".

MLflow keeps a view as a tag of the experiment, in an envelope with its name, and an address may name one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bench.tracking import layout

TAG = "mlflow.sharedViewState."
"""Prefix of the tags with views; what follows is a view's key."""
TRAINED = "trained"
"""The key of the view that an experiment opens with."""
COLUMNS = (
    "params.`technique`", "params.`lag`", "params.`seed`", "tags.`outcome`", "metrics.`final/updates`",
    "metrics.`final/metric`",
)  # fmt: skip
"""Columns of a list of runs, beside their names."""

LOADED = 100
"""Runs that MLflow shows at first."""
_SECTIONS = {"learning": 2, "gradient flow": 2, "outcome": 4}
"""Charts a row, by section."""


@dataclass(frozen=True)
class View:
    """A view of an experiment's runs."""

    key: str
    name: str
    state: dict[str, Any]
    """The view in MLflow's own words."""

    def enveloped(self, place: int) -> str:
        """Return the value of the view's tag; `place` in the list of views, the first one 0."""
        written = {"name": self.name, "createdAt": -place, "updatedAt": -place}  # MLflow lists the newest first
        return json.dumps(written | {"state": json.dumps(self.state, sort_keys=True)})


def trained() -> View:
    """The list of all measured runs that were trained: the first page holds a few seeds of every setting."""
    state = _state("params.role = 'measured' and params.budget != '0'") | {"selectedColumns": list(COLUMNS)}
    return View(TRAINED, "Trained runs", state)


def curves(name: str, lag: int, protocol: str, techniques: Iterable[str]) -> View:
    """The learning curves of one lag under one protocol: mean and spread by technique."""
    wanted = f"params.role = 'measured' and params.lag = '{lag}' and tags.protocol_hash = '{protocol}'"
    charts = [_curve(metric, "learning") for metric in layout.CURVE_METRICS.values()]
    charts += [_curve(metric, "gradient flow") for metric in layout.FLOW_METRICS.values()]
    charts += [_chart("BAR", metric, "outcome") for metric in (layout.SOLVED, *layout.FINAL.values())]
    grouped = {
        "groupBy": {
            "aggregateFunction": "average",
            "groupByKeys": [{"mode": "param", "groupByData": "technique"}],
        },
        "groupsExpanded": {f"param.technique.{technique}": False for technique in sorted(techniques)[:LOADED]},
        "selectedColumns": [column for column in COLUMNS if column not in ("params.`technique`", "params.`lag`")],
        "isAccordionReordered": True,
        "compareRunSections": [_section(section, columns) for section, columns in _SECTIONS.items()],
        "compareRunCharts": charts,
    }
    return View(f"lag-{lag}-{protocol}", name, _state(wanted) | grouped)


def _state(wanted: str) -> dict[str, Any]:
    """The state that all views share.

    By seed, the runs that MLflow loads at first are of all techniques alike; by technique they would be all seeds of a
    few.
    """
    return {
        "searchFilter": wanted,
        "orderByKey": "params.`seed`",
        "orderByAsc": True,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "runsHiddenMode": "SHOW_ALL",
    }


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
