"""Lays a result out in MLflow: the names of experiments, runs, parameters, tags and metrics.

Members are flat runs in one experiment a task, so that MLflow's own grouping shows mean and spread by
technique. What belongs to no single member (a cohort's tables, a study, costs) is a *record*: a run in an
experiment of its kind that carries files, and counts once it has the tag `complete`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

import numpy as np
import pandas as pd
from mlflow.entities import Experiment, Metric, Param

from bench.records.cell import SettingKey
from bench.records.columns import Column, InMLflow, Table
from bench.records.result import COST_METHOD, CURVES, GRADIENTS, MEMBERS, PROBES

Kind = Literal["cohorts", "studies", "costs", "timings", "snapshots"]

TASK_PREFIX = "bptt-bench/"
RECORD_PREFIX = "bptt-bench-records/v2/"
"""Raise with the tables' columns: records of another version are left alone, and are not read."""

DIAGNOSES = f"{TASK_PREFIX}diagnoses"
"""The experiment with diagnoses of users' own models; it holds no members."""

TASK = "bptt-bench.task"
"""The tag of an experiment: the task whose members it holds, whatever people call it in MLflow."""

COMPLETE = "complete"
"""The tag that is written last: what lacks it does not exist."""
YES = "yes"
"""Value of that tag on a record that counts."""
RETIRED = "no more"
"""Value on a record that no longer counts: its members are being removed, or have been, each marked as nobody's."""
DAMAGED = "damaged"
"""Value on a record that lost a member: that one may be restored, and is then to be removed."""
KEY = "cohort"
"""The tag of a record and of its members: the key of the cohort, study or cost table."""
WRITER = "writer"
"""The tag of a record: which machine wrote it, see `state.writer`."""
SEQUENCE = "sequence"
"""The tag of a record: its number in the order of writing. Clocks are set back and forth; this only grows."""
DIGITS = 12
"""Digits of that number, so that it is sorted as a text, too."""
BEGUN = "begun"
"""The tag of a record on a server: when it was begun, in seconds since 1970 by the server's own clock."""
RECORD = "record"
"""The tag of a member: the run id of the record that it belongs to."""
NO_RECORD = "none"
"""Value of that tag on a run that is nobody's: made twice by mistake, or of a record that is retired."""

CHECKSUM = "sha256."
"""Prefix of a record's tags with checksums, one per file: what is read must be what was written."""

STORED_MEMBERS = Table((*MEMBERS, Column("mlflow_run_id", "str", "the run's id in MLflow")))
WHOSE = ("cohort", "technique", "task", "lag", "role", "outcome", "protocol_hash")
"""The member's columns that the store adds to its curve, its gradients and its probes."""
STORED_OF_MEMBERS = {
    name: Table((*table, *(MEMBERS[column] for column in WHOSE)))
    for name, table in (("curves", CURVES), ("gradients", GRADIENTS), ("probes", PROBES))
}
"""Tables of a cohort with several rows a member, each in a file of its name."""

CURVE_METRICS = {
    "metric": "held_out/metric",
    "loss": "held_out/loss",
    "train_loss": "train/loss",
    "gradient_norm": "gradient/norm",
}
"""The peak and the share of clipped updates are in the record's table only: each point here takes time."""
SOLVED = "final/solved"
FINAL = {"updates": "final/updates", "metric": "final/metric", "loss": "final/loss"}
FLOW_METRICS = {"decay": "flow/decay", "dead_share": "flow/dead_share"}
"""Metrics of the lowest layer's output, by update: the gradient's rate of decay, and the share of dead units."""


def task_experiment(task: str) -> str:
    """The name of the experiment that holds the members of a task."""
    return TASK_PREFIX + task


def task_of(experiment: Experiment) -> str:
    """The task whose members an experiment holds."""
    return experiment.tags.get(TASK) or experiment.name.removeprefix(TASK_PREFIX)


def record_experiment(kind: Kind) -> str:
    """The name of the experiment that holds the records of a kind; costs have one for each method of measuring them."""
    return RECORD_PREFIX + (f"{kind}-{COST_METHOD}" if kind == "costs" else kind)


def run_name(key: SettingKey, seed: int | str, learning_rate: float, role: str) -> str:
    """Return a readable name, unique within the cohort: '#3 lstm, lag 50', of seed 3.

    The task is the experiment's. What tells runs apart stands first, for MLflow cuts names.
    """
    name = f"#{seed} {key.technique}, lag {key.lag}"
    return name if role == "measured" else f"{name}, rate {learning_rate:g}"


def params(row: dict[str, Any]) -> list[Param]:
    """Return what was run as parameters; those that do not apply are left out."""
    return [Param(name, text) for name, text in _told(row, "parameter").items()]


def tags(row: dict[str, Any], record: str) -> dict[str, str]:
    """Return the result and its origin as tags."""
    return _told(row, "tag") | {
        RECORD: record,
        "mlflow.source.name": "bptt-bench",
        "mlflow.source.git.commit": row["commit"],
    }


def started(row: dict[str, Any]) -> int:
    """Return when the cohort began, in milliseconds since 1970."""
    return round(datetime.fromisoformat(row["started"]).timestamp() * 1000)


def ended(row: dict[str, Any]) -> int:
    """Return when the cohort ended, in milliseconds since 1970."""
    return started(row) + round(1000 * np.nan_to_num(row["wall_seconds"]))


def status(row: dict[str, Any]) -> str:
    """MLflow's word for an outcome: not to solve a task is a result, an error is not."""
    return "FAILED" if row["outcome"] == "failed" else "FINISHED"


def metrics(row: dict[str, Any], curve: pd.DataFrame, probes: pd.DataFrame) -> list[Metric]:
    """A member's learning curve and gradient flow by update, and where it ended.

    Timestamps follow from the update alone, one millisecond each: writing twice gives the same points. A loss that is
    the metric is not written again.
    """
    return [Metric(name, value, started(row) + step, step) for name, value, step in _points(row, curve, probes)]


def _points(row: dict[str, Any], curve: pd.DataFrame, probes: pd.DataFrame) -> Iterator[tuple[str, float, int]]:
    lowest = probes[(probes["quantity"] == _output(probes)) & (probes["layer"] == 0)]
    twice = ["loss"] if curve["metric"].equals(curve["loss"]) else []
    curves = {column: name for column, name in CURVE_METRICS.items() if column not in twice}
    for table, names in ((curve, curves), (lowest, FLOW_METRICS)):
        for column, name in names.items():
            for update, value in zip(table["update"].tolist(), table[column].tolist(), strict=True):
                if math.isfinite(value):
                    yield name, value, update
    for column, name in FINAL.items():
        if math.isfinite(row[column]) and column not in twice:
            yield name, float(row[column]), 0
    yield SOLVED, float(row["outcome"] == "solved"), 0


def _output(probes: pd.DataFrame) -> str:
    """The state that a technique puts out: the first that a probe follows."""
    return next((name for name in probes["quantity"] if name not in ("x", "cell")), "")


def _told(row: dict[str, Any], where: InMLflow) -> dict[str, str]:
    """The values of a row that MLflow shows there, by column; what does not apply is left out."""
    return {c.name: _text(row[c.name]) for c in MEMBERS if c.mlflow == where and _applies(row[c.name])}


def _applies(value: Any) -> bool:
    return value not in ("", "{}") and value == value  # not-a-number differs from itself


def _text(value: Any) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)
