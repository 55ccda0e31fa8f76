"""The rows of ledgers as typed objects: costs, tuning, failures, gaps and origins.

A field has the name of the table's column that it is read from.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of an update of a technique: columns of `bench.records.result.COSTS`."""

    technique: str
    task: str
    lag: int
    threads: int
    rounds: int
    hidden_size: int
    parameters: int
    state_size: int
    flops: float
    peak_bytes: int
    time_ratio: float
    time_ratio_low: float
    time_ratio_high: float


@dataclass(frozen=True, slots=True)
class CostRatio:
    """A technique's costs over the baseline's: see `bench.evidence.ledgers.cost_ratios`."""

    technique: str
    time_low: float
    time_high: float
    parameters: float


@dataclass(frozen=True, slots=True)
class Tuning:
    """The runs spent on a technique on a task, and the learning rate of each lag."""

    technique: str
    task: str
    trials: int
    rates: dict[int, float]
    measured: int
    updates: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Runs of a setting that diverged or failed for one reason."""

    arm: str
    technique: str
    task: str
    lag: int
    role: str
    outcome: str
    reason: str
    members: int
    runs: int
    """Number of all runs of the setting."""
    first: int
    last: int
    """The updates after which the first and the last of them ended."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Lags that were planned and not measured, for one reason."""

    technique: str
    task: str
    state: str
    reason: str
    stopped_at: float
    stopped_after: int
    lags: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Results of a task under a protocol that is not shown."""

    task: str
    protocol_hash: str
    members: int


@dataclass(frozen=True, slots=True)
class StaleResults:
    """Results that the code of today would not reproduce."""

    arm: str
    technique: str
    task: str
    why: str
    members: int
    lags: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """A combination of code, libraries and machine, and what was trained by it."""

    commit: str
    dirty: bool
    bench: str
    python: str
    torch: str
    lightning: str
    mlflow: str
    platform: str
    cpu: str
    accelerator: str
    threads: int
    members: int
    first: str
    last: str
    """ISO 8601, UTC: when the first and the last of its runs began."""
