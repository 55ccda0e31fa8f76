"""Draws an example sequence of a task, by the task's own generator."""

from __future__ import annotations

import math

from torch import Tensor

from bench.engine.seeding import generator
from bench.errors import BenchError
from bench.portraits.model import TaskPortrait
from bench.tasks.base import Task
from bench.tasks.pixels import Pixels

LEAST_STEPS = 20
"""Steps that an example has at least: few enough to read one by one."""
SERIES_STEPS = 240
"""The same of a series of numbers that is foretold at many steps."""
LEAST_LAG, ABOVE_LEAST = 8, 1.25
"""The lag that an example has at least, also as a multiple of the task's least."""


def example(task: Task) -> TaskPortrait:
    """An example sequence of a task at a short lag. Raises whatever the task does."""
    lag = short_lag(task)
    inputs, targets = task.sample(generator("portrait", task.name), 1, lag, "test")
    counted = task.counted(targets.unsqueeze(0))[0, :, 0]
    sequence, answers = inputs[:, 0], targets[:, 0]
    words = _symbols(sequence, task)
    return TaskPortrait(
        name=task.name,
        lag=lag,
        steps=len(sequence),
        inputs=() if words else tuple(tuple(round(v, 3) for v in feature) for feature in sequence.T.tolist()),
        symbols=words,
        side=round(task.pixels**0.5) if isinstance(task, Pixels) else 0,
        answers=tuple(
            _answer(answer, task) if counts else None for answer, counts in zip(answers, counted.tolist(), strict=True)
        ),
    )


def short_lag(task: Task) -> int:
    """The lag of a task's example: the shortest at which there is something to see."""
    lag = max(math.ceil(ABOVE_LEAST * task.least_lag), LEAST_LAG)
    least = LEAST_STEPS
    _, targets = task.sample(generator("portrait", task.name), 1, lag, "test")
    if targets.is_floating_point() and 2 * len(targets) >= task.steps(lag):
        least = SERIES_STEPS
    while task.steps(lag) < least and _allows(task, lag + 1):
        lag += 1
    return lag


def _allows(task: Task, lag: int) -> bool:
    try:
        task.check_lag(lag)
    except BenchError:
        return False
    return True


def _symbols(sequence: Tensor, task: Task) -> tuple[str, ...]:
    """The symbol of each step (T, I); none if inputs are not one-hot. Several ones in a step are read together."""
    ones = sequence == 1
    if sequence.shape[1] < 2 or not (ones | (sequence == 0)).all() or not ones.any(1).all():
        return ()
    words = task.symbols.split() or [str(number) for number in range(task.inputs)]
    return tuple("".join(words[place] for place in step.nonzero().flatten().tolist()) for step in ones)


def _answer(answer: Tensor, task: Task) -> str | float:
    if answer.is_floating_point():
        return round(answer.flatten()[0].item(), 3)
    words = task.answers.split()
    return words[int(answer)] if words else str(int(answer))
