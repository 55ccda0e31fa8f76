"""About how long an update takes, at any length of the sequence, from a fraction of a second's timing."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from bench.protocol.preset import parse_technique, skipped
from bench.records.settings import Setting
from bench.tasks import tasks
from bench.training.cost import count_flops, one_member

TIMED_MEMBERS = 4
FEW_STEPS = 128
"""Sequences up to this length are timed as they are."""
LONG_UPDATE = 0.1
"""Seconds: where an update takes longer, no longer sequence is timed."""
NOTICEABLE = 0.01
"""Share of an update's operations below which the cost of pairs of steps is rounding error."""


class Pace(NamedTuple):
    """The time of one update of one member: seconds a step, and seconds a pair of steps, as attention needs them."""

    a_step: float
    a_pair: float = 0.0
    timed_lag: int | None = None
    """The longest lag that was timed; None where it was the setting's own."""

    def seconds(self, steps: int) -> float:
        """An update of one member on sequences of this length."""
        return steps * (self.a_step + self.a_pair * steps)


NO_PACE = Pace(0.0)


def measure_pace(setting: Setting) -> Pace:
    """Time an update here and now: at the setting's lag or, where that would take long, at a shorter one.

    How time then grows with the length is taken from counted operations. Raises whatever technique or task do.
    """
    lags, steps_of = _rising_lags(setting), tasks.get(setting.task)().steps
    timed, seconds = lags[0], 0.0
    for timed in lags:
        seconds = _seconds(_at(setting, timed))
        if seconds > LONG_UPDATE:
            break
    unit = seconds / (TIMED_MEMBERS * steps_of(timed))
    if timed == setting.lag:
        return Pace(unit)
    pairs = _pairs_to_steps(setting, lags[:3])
    a_step = unit / (1 + pairs * steps_of(timed))
    return Pace(a_step, pairs * a_step, timed)


def _rising_lags(setting: Setting) -> list[int]:
    """The setting's lag, and before it those with half the lag again and again, down to a short sequence."""
    task, lag, lags = tasks.get(setting.task)(), setting.lag, [setting.lag]
    while task.steps(lag) > FEW_STEPS and task.least_lag <= lag // 2 < lag:  # a lag of 0 has no half
        lag //= 2
        if not _skips(setting, lag):
            lags.append(lag)
    return lags[::-1]


def _skips(setting: Setting, lag: int) -> bool:
    """Return True if the technique cannot run at this lag."""
    _, technique, dials = parse_technique(setting.technique)
    return skipped(technique, dials, setting.task, lag, setting.protocol) is not None


def _at(setting: Setting, lag: int) -> Setting:
    return setting.model_copy(update={"lag": lag})


def _seconds(setting: Setting) -> float:
    """Time one update of all TIMED_MEMBERS, in seconds."""
    _, update = one_member(setting, members=TIMED_MEMBERS)
    update()
    begin = time.perf_counter()
    update()
    return time.perf_counter() - begin


def _pairs_to_steps(setting: Setting, lags: list[int]) -> float:
    """Return the operations per pair of steps, relative to those per step: 0 for anything linear in the steps."""
    steps = [tasks.get(setting.task)().steps(lag) for lag in lags]
    if len(set(steps)) < 3:
        return 0.0
    a_pair, a_step, _ = np.polyfit(steps, [count_flops(_at(setting, lag)) for lag in lags], 2)
    share = a_pair * max(steps)
    return float(a_pair / a_step) if a_step > 0 and share > NOTICEABLE * a_step else 0.0
