"""Hidden sizes at which techniques have as much of something as the baseline: parameters, state or operations."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from bench.protocol.preset import declines, parse_technique
from bench.records.settings import Member, Protocol, Setting
from bench.techniques import Technique
from bench.training.network import network, operations

BASELINE = "tanh"
NEARBY = 16
"""Sizes beyond one that are looked at, for some techniques decline some sizes."""

Quantity = Callable[[Setting, int], float]
"""The amount of what is matched that a setting's technique has with this many units."""


def hidden_size(setting: Setting) -> int:
    """Return the units of a setting: those of its protocol or, where something else is matched, as many as that takes.

    What is matched is what the baseline has of it with the protocol's units. Of the sizes that the technique allows,
    the nearest is taken, the smaller of two. What does not grow with the size cannot be matched: the units are then
    the protocol's.
    """
    if not setting.protocol.matched or parse_technique(setting.technique)[0] == BASELINE:
        return setting.protocol.hidden_size
    return _matched(setting.technique, setting.technique_hash, setting.task, setting.lag, setting.protocol)


@cache
def _matched(technique: str, code: str, task: str, lag: int, protocol: Protocol) -> int:
    """`hidden_size`, found once a process: it takes up to a dozen networks, and their updates where those count."""
    canonical, cls, dials = parse_technique(technique)
    own = Setting(
        technique=canonical, dials=dials, task=task, lag=lag, protocol=protocol, technique_hash=code, task_hash=""
    )

    def allowed(size: int) -> int:
        """Return this size or the next larger one that the technique does not decline."""
        sizes = range(size, max(size, protocol.hidden_size) + NEARBY)
        return next((s for s in sizes if not declines(cls, dials, task, lag, s)), size)

    @cache
    def quantity(size: int) -> float:
        return QUANTITIES[protocol.matched](own, allowed(size))

    baseline = own.model_copy(update={"technique": BASELINE, "dials": {}})
    wanted = QUANTITIES[protocol.matched](baseline, protocol.hidden_size)
    low, high = _crossing(quantity, wanted, protocol.hidden_size)
    sizes = [size for size in (low, allowed(high)) if size]  # the lower one is allowed, or the two would be alike
    return min(sizes, key=lambda size: abs(quantity(size) - wanted))


def _crossing(quantity: Callable[[int], float], wanted: float, units: int) -> tuple[int, int]:
    """Two sizes next to each other between which a growing quantity passes what is wanted.

    The next size to look at is that of a power law through the ends of the range, kept off both, and the middle in
    turn: the first is near at once, and the second bounds how many are looked at.
    """
    low, high = 0, units
    if quantity(units) == wanted:
        return units, units
    while (there := quantity(high)) < wanted:
        if quantity(2 * high) <= there:
            return units, units
        low, high = high, 2 * high
    guessing = True
    while high - low > 1:
        middle = (low + high) // 2
        if guessing:
            middle = round(high * (wanted / quantity(high)) ** 0.5)
        middle = min(max(middle, low + 1), high - 1)
        low, high = (middle, high) if quantity(middle) < wanted else (low, middle)
        guessing = not guessing
    return low, high


def _alone(setting: Setting, size: int) -> Technique:
    return network(setting, (Member(seed=1, learning_rate=1.0),), size)


def parameters(setting: Setting, size: int) -> float:
    """Count the parameters of one member with this many units, on the setting's task."""
    return _alone(setting, size).parameters_each


def state(setting: Setting, size: int) -> float:
    """Count the numbers that one member with this many units carries from step to step."""
    return _alone(setting, size).state_each


QUANTITIES: dict[str, Quantity] = {"parameters": parameters, "state_size": state, "flops": operations}
"""The quantities that can be matched, by their column in the table of costs."""
