"""Checks a task's contract on a few sequences, within milliseconds, before anything trains on it.

Authors hear of a fault before anything trains; `bench.testing.check_task` begins with these same checks.
"""

from __future__ import annotations

import inspect
import math
import pickle
import random
from collections.abc import Iterator
from typing import get_args

import numpy as np
import torch
from torch import Generator, Tensor

from bench.contract import Checks, missing_words, not_text
from bench.tasks.base import IGNORED, Split, Task

WORDS = ("name", "title", "reference", "metric_name")
COUNTS = {"inputs": 1, "outputs": 1, "scored": 1, "least_lag": 0}
"""Attributes that count something, and the least that each may be."""
MEMBERS = 3


def _written(cls: type[Task]) -> Iterator[str]:
    missing = sorted(getattr(cls, "__abstractmethods__", ()))
    if missing:
        yield f"it does not define {' and '.join(missing)}"


def _words(cls: type[Task]) -> Iterator[str]:
    yield from missing_words(cls, WORDS)
    yield from not_text(cls, ("short", "about", "lag_means", "symbols", "answers"))


def _constructor(cls: type[Task]) -> Iterator[str]:
    try:
        inspect.signature(cls).bind()
    except TypeError:
        yield "its __init__ takes arguments: a task is made without any"


def _sizes(cls: type[Task]) -> Iterator[str]:
    task = cls()
    for name, least in COUNTS.items():
        value = getattr(task, name, None)
        if not isinstance(value, int) or value < least:
            yield f"its {name} is {value!r}; it must be a whole number of at least {least}"


def _spelt(cls: type[Task]) -> Iterator[str]:
    for name, sizes in (("symbols", "inputs"), ("answers", "outputs")):
        words, size = getattr(cls, name), getattr(cls, sizes)
        if words and len(words.split()) != size:
            yield f"its {name} are {len(words.split())} words for {size} {sizes}: give one each, with blanks between"


def _level(cls: type[Task]) -> Iterator[str]:
    task = cls()
    level = task.trivial_level(task.least_lag)
    if not isinstance(level, int | float) or not math.isfinite(level):
        yield f"the trivial level {level!r} is not a finite number"


def _samples(cls: type[Task]) -> Iterator[str]:
    task = cls()
    for split in get_args(Split):
        yield from sample_faults(task, task.least_lag, split, few(task))


def _randomness(cls: type[Task]) -> Iterator[str]:
    task = cls()
    count = few(task)
    before = _global_random_state()
    drawn, again = (task.sample(seeded(1), count, task.least_lag) for _ in range(2))
    if _global_random_state() != before:
        yield "sample uses the global random state, not its generator alone"
    if not all(torch.equal(a, b) for a, b in zip(drawn, again, strict=True)):
        yield "generators with equal seeds give different sequences"


def _judges(cls: type[Task]) -> Iterator[str]:
    """Loss and metric are the means of a member's own sequences, whatever the other members do."""
    task = cls()
    count = few(task)
    _, targets = task.sample(seeded(1), MEMBERS * count, task.least_lag)
    targets = torch.stack(targets.split(count, dim=1))
    scored = task.scored_steps(task.least_lag)
    outputs = torch.randn(MEMBERS, scored, count, task.outputs, generator=seeded(2))
    yield from _counted(task.counted(targets), tuple(outputs.shape[:3]))
    spoilt = outputs.clone()
    spoilt[0] = math.nan
    for word, judge in (("loss", task.loss), ("metric", task.metric)):
        sizes = f"outputs {tuple(outputs.shape)} and targets {tuple(targets.shape)}"
        together = judge(outputs, targets)
        if together.shape != (MEMBERS,):
            yield f"the {word} of {sizes} is {tuple(together.shape)}, not one number per member"
        if not together.isfinite().all():
            yield f"the {word} is not finite"
        alone = torch.cat([judge(outputs[m : m + 1], targets[m : m + 1]) for m in range(MEMBERS)])
        if not (torch.allclose(together, alone) and torch.allclose(together[1:], judge(spoilt, targets)[1:])):
            yield f"the {word} of a member depends on other members: see that {sizes} are not broadcast or pooled"
        each = [judge(outputs[:, :, b : b + 1], targets[:, :, b : b + 1]) for b in range(count)]
        if not torch.allclose(together, torch.stack(each).mean(0), rtol=1e-4):
            yield (
                f"the {word} of a member is not the mean of its sequences' own: take the mean over sequences, and "
                f"see that {sizes} are not broadcast"
            )
    yield from _windows(task, outputs, targets)
    yield from _masks(task, outputs, targets)


def _windows(task: Task, outputs: Tensor, targets: Tensor) -> Iterator[str]:
    """The loss adds up over time: training may take a sequence in windows."""
    whole, scored = task.loss(outputs, targets), outputs.shape[1]
    for cut in sorted({1, scored // 2, scored - 1} - {0, scored}):
        first, second = (task.loss(outputs[:, part], targets[:, part]) for part in (slice(cut), slice(cut, None)))
        if not torch.allclose(whole, (cut * first + (scored - cut) * second) / scored, rtol=1e-4):
            yield (
                f"the loss is not additive over time: over {scored} scored steps it is not the weighted mean of the "
                f"losses over the first {cut} and the last {scored - cut}; divide by all steps, whether they count or "
                f"not"
            )


def _counted(counted: Tensor, sizes: tuple[int, ...]) -> Iterator[str]:
    if counted.dtype != torch.bool or counted.shape != sizes:
        yield f"counted gives {tuple(counted.shape)}, not a bool for each of (members, scored, batch) = {sizes}"
    if not counted.any(1).all():
        yield "in some sequences, none of the scored steps counts"


def _masks(task: Task, outputs: Tensor, targets: Tensor) -> Iterator[str]:
    """Steps that do not count reach neither the loss nor the metric; the others reach the loss."""
    counted = task.counted(targets)
    outputs = outputs.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(task.loss(outputs, targets).sum(), outputs)
    if not (gradient.isfinite().all() and gradient[counted].any()):
        yield "the loss gives no finite gradient other than zero"
    if gradient[~counted].any():
        yield "the loss depends on outputs at steps that do not count"
    with torch.no_grad():
        others = torch.where(counted.unsqueeze(-1), outputs, outputs.flip(-1) + 1)
        if not torch.allclose(task.metric(outputs, targets), task.metric(others, targets)):
            yield "the metric depends on outputs at steps that do not count"


def sample_faults(task: Task, lag: int, split: Split, count: int) -> Iterator[str]:
    """Return the faults found in a small sample of sequences."""
    where = f"at lag {lag}, split {split}"
    scored = task.scored_steps(lag)
    if not 1 <= scored <= task.steps(lag):
        yield f"the scored steps are {scored} of {task.steps(lag)} {where}"
    drawn = task.sample(seeded(1), count, lag, split)
    if not (isinstance(drawn, tuple) and len(drawn) == 2 and all(isinstance(x, Tensor) for x in drawn)):
        yield f"sample does not give a Batch {where}, the tensors inputs and targets"
    inputs, targets = drawn
    sizes = (task.steps(lag), count, task.inputs)
    if inputs.shape != sizes:
        yield f"inputs are {tuple(inputs.shape)} {where}, not (steps, batch, inputs) = {sizes}"
    if targets.shape[:2] != (scored, count):
        yield f"targets are {tuple(targets.shape)} {where}, not (scored, batch) = {scored, count}"
    if inputs.dtype != torch.float32:
        yield f"inputs are {inputs.dtype} {where}, not float32"
    if targets.dtype not in (torch.float32, torch.int64):
        yield f"targets are {targets.dtype} {where}, not float32 (numbers) or int64 (classes)"
    if not (inputs.isfinite().all() and targets.isfinite().all()):
        yield f"sequences are not finite {where}"
    known = (targets == IGNORED) | ((targets >= 0) & (targets < task.outputs))
    if targets.dtype == torch.int64 and not known.all():
        yield f"classes lie outside 0 to {task.outputs - 1} {where}, and are not IGNORED ({IGNORED}) either"


def few(task: Task) -> int:
    """A number of sequences that no other size of the task has, so that no axis passes for another one."""
    others = {task.steps(task.least_lag), task.scored_steps(task.least_lag), task.inputs, task.outputs, MEMBERS}
    return next(count for count in (5, 7, 11, 13, 17, 19) if count not in others)


def seeded(seed: int) -> Generator:
    """A generator for a check."""
    return torch.Generator().manual_seed(seed)


def _global_random_state() -> bytes:
    return pickle.dumps((random.getstate(), np.random.get_state(), torch.get_rng_state().numpy()))


CHECKS: Checks = {
    "looking for its methods": _written,
    "reading its attributes": _words,
    "looking at its constructor": _constructor,
    "reading its sizes": _sizes,
    "asking its trivial level": _level,
    "drawing a few sequences": _samples,
    "drawing them again": _randomness,
    "judging answers": _judges,
    "reading its symbols": _spelt,
}
