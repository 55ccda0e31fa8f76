"""The tidy tables that a trained cohort leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

import pandas as pd

from bench.records.columns import Column, Table
from bench.records.fields import protocol_columns
from bench.records.settings import Cohort, Outcome, Role

MOMENTS = ("start", "during", "end")

ORIGIN = Table(
    (
        Column("commit", "str", "the code's commit, or unknown", title="Commit", mlflow="tag"),
        Column("dirty", "bool", "whether files differed from it", title="Working tree", mlflow="tag"),
        Column("bench", "str", "the version of bptt-bench"),
        Column("python", "str", "the version of Python"),
        Column("torch", "str", "the version of PyTorch"),
        Column("lightning", "str", "the version of Lightning"),
        Column("platform", "str", "the operating system", title="Platform"),
        Column("cpu", "str", "the processor", title="Processor"),
        Column(
            "accelerator", "str", "the GPU, or how a processor computes; empty where nothing ran",
            title="Accelerator", mlflow="tag",
        ),
        Column("threads", "int64", "threads of a process", title="Threads", shown="count"),
        Column("started", "str", "when it began: ISO 8601, UTC"),
    )
)  # fmt: skip
"""The origin of a measurement: code, libraries, machine, and time."""

SETTING = Table(
    (
        Column("technique", "str", "the technique, with the dials that are not at their default", mlflow="parameter"),
        Column("task", "str", "the task", mlflow="parameter"),
        Column("lag", "int64", "how far information has to be carried", "steps", mlflow="parameter"),
    )
)
"""The key of a setting, see `bench.records.cell`."""

MEMBER = Table(
    (
        Column("seed", "int64", "the run's seed", mlflow="parameter"),
        Column("learning_rate", "float64", "the learning rate", mlflow="parameter"),
    )
)
"""The columns that tell the members of a cohort apart."""

MEMBERS = Table(
    (
        *SETTING,
        Column("title", "str", "what figures call the technique"),
        Column("called", "str", "what sentences call it, where that is not its title; else empty", older=""),
        Column("family", "str", "the techniques that it stands with", mlflow="parameter"),
        Column("source_row", "str", "its row in the source's table; empty where there is none"),
        Column("dials", "str", "every dial with its value: a JSON object", holds=dict, mlflow="parameter"),
        Column("task_title", "str", "what figures call the task", older=""),
        Column("task_short", "str", "the same where there is little room; else empty", older=""),
        Column("task_about", "str", "what the task asks of a network; else empty", older=""),
        Column("task_lag_means", "str", "the steps that its lag counts; else empty", older=""),
        *MEMBER,
        Column("role", "str", "what the run is for", words=get_args(Role), mlflow="parameter"),
        # what came of it
        Column("outcome", "str", "how the run ended", words=get_args(Outcome), mlflow="tag"),
        Column("updates", "int64", "updates until solved, until divergence, or the budget; 0 if it failed"),
        Column("metric", "float64", "the metric on validation sequences (tuning) or test sequences (measured)"),
        Column("loss", "float64", "the loss on the same sequences"),
        Column("reason", "str", "why a run failed, in one line; else empty", mlflow="tag"),
        Column(
            "test_metrics", "str", "the metric at other lags than trained, of solved runs: a JSON object by lag",
            holds=dict, older="{}",
        ),
        Column(
            "by_age", "str", "the share of each part of the answer that is right, first shown to last: a JSON list",
            holds=list, older="[]",
        ),
        Column("trivial_level", "float64", "the best metric of an answer that ignores the input"),
        Column("solved_at", "float64", "the metric from which on the task counts as solved"),
        Column("plateaus", "str", "further levels of the metric: a JSON object of levels by name", holds=dict),
        Column("metric_name", "str", "what the metric is", mlflow="tag"),
        # what it took
        Column("parameters", "int64", "numbers that are trained", mlflow="parameter"),
        Column("state_size", "int64", "numbers carried from one step to the next, a sequence"),
        Column("steps", "int64", "the length of a sequence", "steps"),
        Column("wall_seconds", "float64", "time of the whole cohort, while others ran: never a cost", "seconds"),
        # under which rules
        *protocol_columns(),
        Column("setting_hash", "str", "names the setting", mlflow="tag"),
        Column("protocol_hash", "str", "names the protocol", mlflow="tag"),
        Column("technique_hash", "str", "names the technique's code", mlflow="tag"),
        Column("task_hash", "str", "names the task's code", mlflow="tag"),
        Column("cohort", "str", "names the runs that trained side by side", mlflow="tag"),
        # where it comes from
        Column("mlflow", "str", "the version of MLflow"),
        *ORIGIN,
    )
)  # fmt: skip
"""The tidy row of a run. The store adds `mlflow_run_id`."""

CURVES = Table(
    (
        *MEMBER,
        Column("update", "int64", "updates done when it was evaluated; 0 is before training"),
        Column("train_loss", "float64", "mean training loss since the evaluation before; none at update 0"),
        Column("train_loss_peak", "float64", "largest training loss since the evaluation before"),
        Column("loss", "float64", "the loss on held-out sequences"),
        Column("metric", "float64", "the metric on held-out sequences"),
        Column("gradient_norm", "float64", "mean global norm before clipping, since the evaluation before"),
        Column("gradient_peak", "float64", "largest global norm before clipping, since the evaluation before"),
        Column("clipped", "float64", "share of updates since then in which clipping changed the gradient"),
    )
)
"""A cohort's learning curves, one row a member and evaluation."""

PROFILE = Table(
    (
        *MEMBER,
        Column("update", "int64", "updates done when it was probed"),
        Column("moment", "str", "the moment of training", words=MOMENTS),
        Column(
            "quantity", "str",
            "a state's name, as h: ∂L/∂h_t; x: ∂L/∂x_t; cell: ∂(v·c_T)/∂c_t for a random v",
        ),
        Column("layer", "int64", "0 is the lowest; 0 for x"),
    )
)  # fmt: skip
"""The key of a gradient's profile."""

GRADIENTS = Table(
    (
        *PROFILE,
        Column("step", "int64", "t, from 1", "steps"),
        Column("lag_back", "int64", "T − t", "steps"),
        Column("log_norm", "float64", "logarithm of the norm over batch and units; −∞ for an exact zero", "nats"),
    )
)
"""Gradient flow: the norm in double precision, step by step, of measured members."""

PROBES = Table(
    (
        *PROFILE,
        Column("decay", "float64", "slope of log_norm over lag_back: below 0 where it shrinks", "nats per step"),
        Column("first_lag", "int64", "the shortest lag_back of the fitted range", "steps"),
        Column("last_lag", "int64", "the longest lag_back of that range", "steps"),
        Column("r2", "float64", "R² of the fit of decay"),
        Column("power_r2", "float64", "R² of log_norm over log lag_back, on the same range"),
        Column("half_life", "float64", "steps in which the gradient halves; infinite if it does not shrink", "steps"),
        Column("reach", "int64", "furthest lag_back at which the norm is at least 1 % of that at first_lag", "steps"),
        Column("dead_share", "float64", "share of the first state's units that are 0 at every step of every sequence"),
        Column("kept", "float64", "norm of the gradient of all parameters over that of full BPTT; layer 0"),
        Column("cosine", "float64", "cosine between the two; layer 0"),
    )
)  # fmt: skip
"""The summary of each profile of GRADIENTS, one row per member, moment, quantity and layer."""

COSTS = Table(
    (
        *SETTING,
        Column("steps", "int64", "the length of a sequence; 0 where it was not written down", "steps", older=0),
        Column("hidden_size", "int64", "units of the recurrent state", title="Hidden units", shown="count"),
        Column("batch_size", "int64", "sequences of an update"),
        Column("parameters", "int64", "numbers that are trained", title="Parameters", shown="count"),
        Column(
            "state_size", "int64", "numbers carried from one step to the next, a sequence",
            title="State", shown="count",
        ),
        Column(
            "flops", "float64", "operations of one update, a sequence: forward and backward, multiply and add apart",
            title="FLOPs", shown="si",
        ),
        Column(
            "peak_bytes", "int64", "most tensor memory alive at once in one update of one member", "bytes",
            title="Peak memory", shown="bytes",
        ),
        Column("milliseconds", "float64", "processor time of one update of one member: median of the processes", "ms"),
        Column(
            "time_ratio", "float64", "time of an update over the baseline's, in turns: median of the processes",
            title="Time ratio", shown="ratio",
        ),
        Column("time_ratio_low", "float64", "first quartile of that ratio"),
        Column("time_ratio_high", "float64", "third quartile of that ratio"),
        Column("rounds", "int64", "processes that timed it, each apart"),
        Column("round_ratios", "str", "each process's ratio, in order: a JSON list", holds=list),
        Column("cost_hash", "str", "names the work and the method"),
        *(ORIGIN[name] for name in ("commit", "dirty", "torch", "cpu", "accelerator", "threads", "started")),
    )
)  # fmt: skip
"""The cost of a technique, measured apart from training: alone, one thread, warmed up."""
COST_METHOD = 3
"""Number of the method that measures costs. Raise it with any change of the method: others' results are not read."""

ADDED_LATER = {column.name: column.older for column in MEMBERS if column.older is not None}
"""Columns that older stores lack, with the value that stands there instead."""


@dataclass(frozen=True)
class CohortResult:
    """The tables of one trained cohort; `members` lacks only what the store adds."""

    cohort: Cohort
    members: pd.DataFrame
    curves: pd.DataFrame
    gradients: pd.DataFrame
    probes: pd.DataFrame


def typed(rows: list[dict[str, Any]] | pd.DataFrame, columns: Table | Mapping[str, str]) -> pd.DataFrame:
    """A table with exactly these columns in this order and of these types, also when empty.

    columns: a table's, or types by name. What older rows lack has the value that ADDED_LATER gives.
    """
    types = dict(columns.types if isinstance(columns, Table) else columns)
    if isinstance(rows, list) and not rows:
        return _empty(tuple(types.items())).copy()
    return _of_types(pd.DataFrame(rows, columns=list(types)), types)


@cache
def _empty(types: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    """A table without rows, which takes as long to make as a small one."""
    return _of_types(pd.DataFrame(columns=[name for name, _ in types]), dict(types))


def _of_types(found: pd.DataFrame, types: dict[str, str]) -> pd.DataFrame:
    for name in ADDED_LATER.keys() & types.keys():
        gaps = found[name].isna()
        found[name] = ADDED_LATER[name] if gaps.all() else found[name].fillna(ADDED_LATER[name])
    return found.astype(types)
