"""The contract of a task."""

from __future__ import annotations

import math
import pickle
import random
import re
from collections.abc import Iterator
from itertools import chain
from typing import get_args

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from bench.errors import BenchError
from bench.tasks.base import Split, Task

MEMBERS, SEQUENCES = 3, 5
MANY = 4096
"""Sequences for a level: its Monte Carlo error is then far below LEVEL_TOLERANCE."""
LEVEL_TOLERANCE = 0.15


def check_task(task_class: type[Task]) -> None:
    """Raise AssertionError, saying what is wrong, unless the class keeps the contract of `Task`.

    Targets of a floating type are taken for numbers to regress, others for classes.
    """
    task = task_class()
    lags = (task.least_lag, task.least_lag + 1, task.least_lag + 13)
    cases = [(lag, split) for lag in lags for split in get_args(Split)]
    complaints = chain(
        _words(task),
        _levels(task),
        *(_shapes(task, lag, split) for lag, split in cases),
        *(_randomness(task, lag, split) for lag, split in cases),
        _shorter_lag(task),
        _members(task),
        _answers(task),
    )
    for complaint in complaints:
        raise AssertionError(f"{task_class.__name__}: {complaint}.")


def _words(task: Task) -> Iterator[str]:
    for word in ("name", "title", "reference", "metric_name"):
        if not getattr(task, word, "").strip():
            yield f"the attribute {word} is missing or empty"
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", task.name):
        yield f"the name '{task.name}' is not made of small letters, digits and hyphens"
    if not (type(task).__doc__ or "").strip():
        yield "there is no docstring: show an example with its answer"


def _levels(task: Task) -> Iterator[str]:
    trivial = task.trivial_level(task.least_lag)
    if not math.isfinite(trivial):
        yield f"the trivial level {trivial} is not finite"
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


def _shapes(task: Task, lag: int, split: Split) -> Iterator[str]:
    where = f"at lag {lag}, split {split}"
    if not 1 <= task.scored <= task.steps(lag):
        yield f"the scored steps are {task.scored} of {task.steps(lag)} {where}"
    for count in (1, SEQUENCES):
        inputs, targets = task.sample(_seeded(1), count, lag, split)
        sizes = (task.steps(lag), count, task.inputs)
        if inputs.shape != sizes:
            yield f"inputs are {tuple(inputs.shape)} {where}, not (steps, batch, inputs) = {sizes}"
        if targets.shape[:2] != (task.scored, count):
            yield f"targets are {tuple(targets.shape)} {where}, not (scored, batch) = {task.scored, count}"
        if inputs.dtype != torch.float32:
            yield f"inputs are {inputs.dtype} {where}, not float32"
        if targets.dtype not in (torch.float32, torch.int64):
            yield f"targets are {targets.dtype} {where}, not float32 (numbers) or int64 (classes)"
        if not (inputs.isfinite().all() and targets.isfinite().all()):
            yield f"sequences are not finite {where}"
        if targets.dtype == torch.int64 and not ((targets >= 0) & (targets < task.outputs)).all():
            yield f"classes lie outside 0 to {task.outputs - 1} {where}"


def _randomness(task: Task, lag: int, split: Split) -> Iterator[str]:
    count = 64
    before = _global_random_state()
    generator = _seeded(1)
    first, second = task.sample(generator, count, lag, split), task.sample(generator, count, lag, split)
    again, other = task.sample(_seeded(1), count, lag, split), task.sample(_seeded(2), count, lag, split)
    if _global_random_state() != before:
        yield "sample uses the global random state, not its generator alone"
    if not _equal(first, again):
        yield "equally seeded generators give unequal sequences"
    if _equal(first, other):
        yield "differently seeded generators give equal sequences"
    if _equal(first, second):
        yield "a second draw from the same generator repeats the first"


def _shorter_lag(task: Task) -> Iterator[str]:
    if task.least_lag < 0:
        yield f"the least lag is {task.least_lag}, below 0"
    try:
        task.sample(_seeded(1), SEQUENCES, task.least_lag - 1)
    except BenchError:
        return
    yield "sample raises no BenchError below the least lag: call self.check_lag(lag) in it"


def _members(task: Task) -> Iterator[str]:
    """Loss and metric are means over a member's own sequences, whatever the other members do."""
    _, targets = task.sample(_seeded(1), MEMBERS * SEQUENCES, task.least_lag)
    targets = torch.stack(targets.split(SEQUENCES, dim=1))
    outputs = torch.randn(MEMBERS, task.scored, SEQUENCES, task.outputs, generator=_seeded(2))
    spoilt = outputs.clone()
    spoilt[0] = math.nan
    for word, judge in (("loss", task.loss), ("metric", task.metric)):
        together = judge(outputs, targets)
        if together.shape != (MEMBERS,):
            yield f"the {word} is {tuple(together.shape)}, not one number a member"
        if not together.isfinite().all():
            yield f"the {word} is not finite"
        alone = torch.cat([judge(outputs[m : m + 1], targets[m : m + 1]) for m in range(MEMBERS)])
        if not (torch.allclose(together, alone) and torch.allclose(together[1:], judge(spoilt, targets)[1:])):
            yield f"the {word} of a member depends on other members"
        twice = judge(torch.cat((outputs, outputs), dim=2), torch.cat((targets, targets), dim=2))
        if not torch.allclose(together, twice):
            yield f"the {word} grows with the number of sequences: take the mean"
    outputs.requires_grad_()
    (gradient,) = torch.autograd.grad(task.loss(outputs, targets).sum(), outputs)
    if not (gradient.isfinite().all() and gradient.any()):
        yield "the loss gives no finite gradient other than zero"


def _answers(task: Task) -> Iterator[str]:
    """The right answer solves the task; the best constant one is at the trivial level."""
    _, targets = task.sample(_seeded(1), MANY, task.least_lag)
    right = _judge(task, targets, targets)
    if not task.solved(right):
        yield "the right answer does not count as solved"
    if not math.isclose(right, task.best_level(), abs_tol=1e-6):
        yield f"the right answer reaches {right:.4g}, but best_level says {task.best_level():.4g}"
    best = max if task.higher_is_better else min
    reached = best(_judge(task, constant.expand_as(targets), targets) for constant in _constants(targets))
    level = task.trivial_level(task.least_lag)
    if not math.isclose(reached, level, rel_tol=LEVEL_TOLERANCE):
        yield f"the best constant answer reaches {reached:.4g}, but trivial_level says {level:.4g}"


def _constants(targets: Tensor) -> Iterator[Tensor]:
    """For each scored step: the commonest class, or the mean and the median of the numbers."""
    if targets.is_floating_point():
        yield targets.mean(1, keepdim=True)
        yield targets.median(1, keepdim=True).values
    else:
        yield targets.mode(1, keepdim=True).values


def _judge(task: Task, answers: Tensor, targets: Tensor) -> float:
    """The metric of one member that gives these answers, shaped like the targets."""
    if not answers.is_floating_point():
        answers = F.one_hot(answers, task.outputs).to(torch.float32)
    outputs = answers.reshape(1, *targets.shape[:2], task.outputs)
    return task.metric(outputs, targets.unsqueeze(0)).item()


def _seeded(seed: int) -> Generator:
    return torch.Generator().manual_seed(seed)


def _global_random_state() -> bytes:
    return pickle.dumps((random.getstate(), np.random.get_state(), torch.get_rng_state().numpy()))


def _equal(a: tuple[Tensor, Tensor], b: tuple[Tensor, Tensor]) -> bool:
    return torch.equal(a[0], b[0]) and torch.equal(a[1], b[1])
