"""Hidden sizes at which techniques have as many parameters as the baseline."""

from __future__ import annotations

from bench.engine.blueprint import Blueprint
from bench.protocol.preset import declines, parse_technique
from bench.records.settings import Setting
from bench.tasks import tasks

BASELINE = "tanh"
NEARBY = 16
"""Sizes on either side of the crossing that are looked at, for some techniques decline some sizes."""


def hidden_size(setting: Setting) -> int:
    """Return the units of a setting: those of its protocol or, where parameters are matched, as many as that takes.

    What is matched is the baseline's number of parameters with the protocol's units. Of the sizes that the technique
    allows, the nearest in parameters is taken, the smaller of two. Parameters have to grow with the size.
    """
    units = setting.protocol.hidden_size
    name, cls, dials = parse_technique(setting.technique)
    if setting.protocol.match == "units" or name == BASELINE:
        return units
    wanted = parameters(setting, BASELINE, units)
    low, high = 0, units
    while parameters(setting, setting.technique, high) < wanted:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if parameters(setting, setting.technique, middle) < wanted else (low, middle)
    nearby = range(max(1, low - NEARBY), high + NEARBY + 1)
    sizes = [size for size in nearby if not declines(cls, dials, setting.task, setting.lag, size)]
    return min(sizes, key=lambda size: abs(parameters(setting, setting.technique, size) - wanted), default=units)


def parameters(setting: Setting, technique: str, size: int) -> int:
    """Count the parameters of one member of a technique with this many units, on the setting's task."""
    _, cls, dials = parse_technique(technique)
    task = tasks.get(setting.task)()
    blueprint = Blueprint(
        inputs=task.inputs, outputs=task.outputs, scored=task.scored_steps(setting.lag), lag=setting.lag,
        steps=task.steps(setting.lag), hidden_size=size, seeds=(1,), learning_rates=(1.0,), dials=dials,
    )  # fmt: skip
    return cls(blueprint, task).parameters_each
