"""The contract of a task."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import get_args

import torch
import torch.nn.functional as F
from torch import Tensor

from bench.batch import Batch
from bench.contract import Checks, first_fault, misspelt_name
from bench.errors import BenchError
from bench.portraits.examples import example
from bench.tasks import contract
from bench.tasks.base import IGNORED, Split, Task
from bench.tasks.contract import few, sample_faults, seeded

MANY = 4096
"""Sequences for a level: its Monte Carlo error is then far below LEVEL_TOLERANCE."""
PER_CLASS = 200
"""Sequences for each class that there is, at least: a rare one's share has an error, too."""
LEVEL_TOLERANCE = 0.15


def check_task(task_class: type[Task]) -> None:
    """Raise AssertionError, saying what is wrong, unless the class keeps the contract of `Task`.

    Targets of a floating type are taken for numbers to regress, others for classes.
    """
    fault = first_fault(task_class, CHECKS)
    if fault:
        raise AssertionError(f"{task_class.__name__}: {fault.sentence}.") from fault.cause


def _words(cls: type[Task]) -> Iterator[str]:
    yield from misspelt_name(cls)
    if not (cls.__doc__ or "").strip():
        yield "there is no docstring: show an example with its answer"


def _levels(cls: type[Task]) -> Iterator[str]:
    task = cls()
    trivial = task.trivial_level(task.least_lag)
    if task.solved(trivial):
        yield f"the trivial level {trivial} counts as solved"
    if task.solved(math.nan):
        yield "not-a-number counts as solved"
    if not task.solved(task.solved_at):
        yield f"a metric of exactly solved_at, {task.solved_at}, does not count as solved"
    for words, level in task.plateaus.items():
        better = level > trivial if task.higher_is_better else level < trivial
        if not better or task.solved(level):
            yield f"the plateau '{words}' at {level} is not between the trivial level {trivial} and solved"


def _drawn(cls: type[Task]) -> Iterator[str]:
    """A sequence of it can be drawn, in the other sense of the word."""
    shown = example(cls())
    if shown.last_answer is None:
        yield f"in its example, at lag {shown.lag}, no answer counts"


def _samples(cls: type[Task]) -> Iterator[str]:
    task = cls()
    for lag, split in _cases(task):
        for count in (1, few(task)):
            yield from sample_faults(task, lag, split, count)


def _variety(cls: type[Task]) -> Iterator[str]:
    """Unlike generators give unlike sequences; but held-out ones of finite data may be the same for all."""
    task = cls()
    for lag, split in _cases(task):
        if split != "train" and task.most_held_out is not None:
            continue
        generator = seeded(1)
        first, second = task.sample(generator, 64, lag, split), task.sample(generator, 64, lag, split)
        other = task.sample(seeded(2), 64, lag, split)
        if _equal(first, other):
            yield f"differently seeded generators give equal sequences at lag {lag}, split {split}"
        if _equal(first, second):
            yield f"a second draw from the same generator repeats the first at lag {lag}, split {split}"


def _cases(task: Task) -> list[tuple[int, Split]]:
    lags = (task.least_lag, task.least_lag + 1, task.least_lag + 13)
    return [(lag, split) for lag in lags for split in get_args(Split)]


def _shorter_lag(cls: type[Task]) -> Iterator[str]:
    task = cls()
    try:
        task.sample(seeded(1), few(task), task.least_lag - 1)
    except BenchError:
        return
    yield "sample raises no BenchError below the least lag: call self.check_lag(lag) in it"


def _answers(cls: type[Task]) -> Iterator[str]:
    """Check the levels shown beside test results: the right answer solves them, and constants stay trivial."""
    task = cls()
    many = max(MANY, PER_CLASS * task.outputs)
    inputs, targets = task.sample(seeded(1), min(many, task.most_held_out or many), task.least_lag, "test")
    right = _judge(task, targets, targets)
    if not task.solved(right):
        yield "the right answer does not count as solved"
    if not math.isclose(right, task.best_level(), abs_tol=1e-6):
        yield f"the right answer reaches {right:.4g}, but best_level says {task.best_level():.4g}"
    level = task.trivial_level(task.least_lag)
    _, known = task.sample(seeded(2), many, task.least_lag)
    hindsight, foresight = _best_constant(task, targets, targets), _best_constant(task, known, targets)
    repeats = _repeating(task, inputs, targets)
    low, high = min(hindsight, foresight, *repeats), max(hindsight, foresight)
    if not low * (1 - LEVEL_TOLERANCE) <= level <= high * (1 + LEVEL_TOLERANCE):
        yield (
            f"the best constant answer reaches {foresight:.4g} on test sequences ({hindsight:.4g} if they are known), "
            f"but trivial_level says {level:.4g}"
        )


def _repeating(task: Task, inputs: Tensor, targets: Tensor) -> list[float]:
    """The metric of the forecast that nothing changes, where numbers are asked for that are like those seen."""
    seen = inputs[-len(targets) :]
    return [_judge(task, seen, targets)] if targets.is_floating_point() and seen.shape == targets.shape else []


def _best_constant(task: Task, known: Tensor, targets: Tensor) -> float:
    """The metric of the best constant for each scored step: the commonest class, or the mean or median, of `known`."""
    if known.is_floating_point():
        constants = [known.mean(1, keepdim=True), known.median(1, keepdim=True).values]
    else:
        constants = [_commonest(known, task.outputs)]
    best = max if task.higher_is_better else min
    return best(_judge(task, constant.expand_as(targets), targets) for constant in constants)


def _commonest(classes: Tensor, count: int) -> Tensor:
    """The commonest class of each scored step, (scored, 1), of those that count."""
    counted = (classes != IGNORED).unsqueeze(-1)
    return (F.one_hot(classes.clamp(min=0), count) * counted).sum(1).argmax(-1, keepdim=True)


def _judge(task: Task, answers: Tensor, targets: Tensor) -> float:
    """The metric of one member that gives these answers, shaped like the targets."""
    if not answers.is_floating_point():
        answers = F.one_hot(answers.clamp(min=0), task.outputs).to(torch.float32)
    outputs = answers.reshape(1, *targets.shape[:2], task.outputs)
    return task.metric(outputs, targets.unsqueeze(0)).item()


def _equal(a: Batch, b: Batch) -> bool:
    return all(map(torch.equal, a, b))


CHECKS: Checks = {
    **contract.CHECKS,
    "reading its name and docstring": _words,
    "comparing its levels": _levels,
    "drawing at several lags": _samples,
    "drawing by several generators": _variety,
    "drawing below the least lag": _shorter_lag,
    "answering rightly, and always the same": _answers,
    "drawing an example": _drawn,
}
