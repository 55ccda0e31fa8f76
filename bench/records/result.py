"""What a trained cohort leaves behind: tidy tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.records.settings import Cohort

ORIGIN_COLUMNS: dict[str, str] = {
    "commit": "str",
    "dirty": "bool",
    "bench": "str",
    "python": "str",
    "torch": "str",
    "lightning": "str",
    "platform": "str",
    "cpu": "str",
    "accelerator": "str",
    "threads": "int64",
    "started": "str",  # ISO 8601, UTC
}
"""Of what is measured: code, libraries, machine, and when."""

MEMBER_COLUMNS: dict[str, str] = {
    # what was run
    "technique": "str",
    "title": "str",
    "family": "str",
    "source_row": "str",  # empty where the source's table has no such row
    "dials": "str",  # JSON object
    "task": "str",
    "task_title": "str",  # empty in results that were stored before there was this column
    "lag": "int64",
    "seed": "int64",
    "learning_rate": "float64",
    "role": "str",  # tuning | measured
    # what came of it
    "outcome": "str",  # solved | unsolved | diverged | failed | untrained
    "updates": "int64",  # to solve, to divergence, or the budget; 0 if failed or untrained
    "metric": "float64",  # on held-out data: validation for tuning, test for measured; NaN if failed
    "loss": "float64",
    "reason": "str",  # of a failure: one line; else empty
    "trivial_level": "float64",  # in the metric's unit
    "solved_at": "float64",  # in the metric's unit; above the trivial level where higher is better
    "plateaus": "str",  # further levels of the metric worth a line in a plot: JSON object, name → level
    "metric_name": "str",
    # what it took
    "hidden_size": "int64",
    "parameters": "int64",
    "state_size": "int64",
    "steps": "int64",  # of one sequence
    "wall_seconds": "float64",  # of the whole cohort, while others ran: never a cost
    # the protocol
    "batch_size": "int64",
    "budget": "int64",
    "evaluate_every": "int64",
    "held_out_size": "int64",
    "optimizer": "str",
    "clip_norm": "float64",  # NaN: none
    "initialisation": "str",
    "recurrent_gain": "float64",
    "setting_hash": "str",
    "protocol_hash": "str",
    "technique_hash": "str",
    "task_hash": "str",
    "cohort": "str",  # Cohort.key
    # provenance
    "mlflow": "str",
    **ORIGIN_COLUMNS,
}
"""The tidy row of a member: column → pandas type. The store adds `mlflow_run_id`."""

ADDED_LATER: dict[str, str] = {"task_title": ""}
"""Columns that older stores lack, with the value that stands there instead."""

CURVE_COLUMNS: dict[str, str] = {
    "seed": "int64",
    "learning_rate": "float64",
    "update": "int64",  # evaluated after so many updates; 0 is before training
    "train_loss": "float64",  # mean since the evaluation before; NaN at update 0
    "train_loss_peak": "float64",  # largest since the evaluation before
    "loss": "float64",  # held-out
    "metric": "float64",  # held-out
    "gradient_norm": "float64",  # mean global norm before clipping, since the evaluation before
    "gradient_peak": "float64",  # largest global norm before clipping, since the evaluation before
    "clipped": "float64",  # share of updates since then in which clipping changed the gradient
}
"""A cohort's learning curves, one row a member and evaluation."""

GRADIENT_COLUMNS: dict[str, str] = {
    "seed": "int64",
    "learning_rate": "float64",
    "update": "int64",  # after so many updates
    "moment": "str",  # start | during | end of training
    "quantity": "str",  # a state's name, as h: ∂L/∂h_t; x: ∂L/∂x_t; cell: ∂(v·c_T)/∂c_t for a random v
    "layer": "int64",  # 0 is the lowest; 0 for x
    "step": "int64",  # t, from 1
    "lag_back": "int64",  # T − t
    "log_norm": "float64",  # natural logarithm, in double precision; −inf for an exact zero
}
"""Gradient flow: the norm over batch and units, step by step, of measured members."""

PROBE_COLUMNS: dict[str, str] = {
    "seed": "int64",
    "learning_rate": "float64",
    "update": "int64",
    "moment": "str",
    "quantity": "str",
    "layer": "int64",
    "decay": "float64",  # slope of log_norm over lag_back, by least squares: nats a step, negative where it shrinks
    "first_lag": "int64",  # the fitted range of lag_back
    "last_lag": "int64",
    "r2": "float64",  # of that fit
    "power_r2": "float64",  # of log_norm over log lag_back, on the same range
    "half_life": "float64",  # steps in which the gradient halves; infinite if it does not shrink
    "reach": "int64",  # furthest lag_back at which the norm is at least 1 % of that at first_lag
    "dead_share": "float64",  # units that are 0 for every probe sequence and step; the first state
    "kept": "float64",  # norm of the parameters' gradient over that of full BPTT; the first state, layer 0
    "cosine": "float64",  # between the two
}
"""What a profile of GRADIENT_COLUMNS comes down to, one row a member, moment, quantity and layer."""

COST_COLUMNS: dict[str, str] = {
    "technique": "str",
    "task": "str",
    "lag": "int64",
    "hidden_size": "int64",
    "batch_size": "int64",
    "parameters": "int64",
    "state_size": "int64",  # numbers carried from one step to the next, a sequence
    "flops": "float64",  # of one training update, a sequence: forward and backward products, multiply and add apart
    "peak_bytes": "int64",  # most tensor memory alive at once during one update of one member
    "milliseconds": "float64",  # of processor time, one update of one member: median of the processes
    "time_ratio": "float64",  # over the baseline's, in turns: median of the processes
    "time_ratio_low": "float64",  # first and third quartile of the processes
    "time_ratio_high": "float64",
    "rounds": "int64",  # processes that timed it, each apart
    "round_ratios": "str",  # each process's ratio, in order: JSON list
    "cost_hash": "str",  # equal hashes, equal work
    "commit": "str",
    "dirty": "bool",
    "torch": "str",
    "cpu": "str",
    "accelerator": "str",
    "threads": "int64",
    "started": "str",
}
"""The cost of a technique, measured apart from training: alone, one thread, warmed up."""
COST_METHOD = 3
"""How costs are measured, to be raised with any change of it: what another method measured is not read."""


@dataclass(frozen=True)
class CohortResult:
    """The tables of one trained cohort; `members` lacks only what the store adds."""

    cohort: Cohort
    members: pd.DataFrame
    curves: pd.DataFrame
    gradients: pd.DataFrame
    probes: pd.DataFrame


def typed(rows: list[dict[str, Any]] | pd.DataFrame, columns: dict[str, str]) -> pd.DataFrame:
    """A table with exactly these columns in this order and of these types, also when empty.

    What older rows lack has the value that ADDED_LATER gives.
    """
    added = {name: value for name, value in ADDED_LATER.items() if name in columns}
    return pd.DataFrame(rows, columns=list(columns)).astype(columns).fillna(added)
