"""The sequences of a cohort: fresh blocks to train on, fixed sets to evaluate on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from bench.batch import Batch
from bench.engine.memory import parts
from bench.engine.seeding import generator
from bench.engine.stack import Block
from bench.records.settings import Protocol
from bench.tasks.base import Split, Task

BLOCK_BYTES = 2**30
"""Bytes of a block's inputs; a longer interval is drawn in several blocks."""


class BlockStream:
    """Fresh training sequences, a block (the updates between two evaluations) at a time.

    An interval's sequences depend on task, lag, seed and its number alone: every technique sees the same ones, and
    whether other members have finished changes nothing. An interval beyond BLOCK_BYTES is cut into several blocks,
    for each of which it is drawn again, as its last update's sequences cannot be had without the first's.
    """

    def __init__(self, task: Task, lag: int, protocol: Protocol, seeds: Sequence[int]) -> None:
        self.task, self.lag, self.protocol = task, lag, protocol
        self.seeds = list(dict.fromkeys(seeds))

    def __len__(self) -> int:
        return sum(len(self._cuts(updates)) for updates in self._intervals())

    def __iter__(self) -> Iterator[Block]:
        for number, updates in enumerate(self._intervals()):
            for cut in self._cuts(updates):
                drawn = (self._draw(seed, number, updates, cut) for seed in self.seeds)
                yield Block(*_stacked(drawn, len(self.seeds), dim=1))

    def _intervals(self) -> list[int]:
        """Updates from one evaluation to the next; the last interval is what is left."""
        return [p.stop - p.start for p in parts(self.protocol.updates, self.protocol.evaluate_every)]

    def _cuts(self, updates: int) -> list[slice]:
        """The updates of each block of an interval."""
        numbers = len(self.seeds) * self.task.steps(self.lag) * self.protocol.batch_size * self.task.inputs
        return parts(updates, BLOCK_BYTES / (numbers * torch.float32.itemsize))

    def _draw(self, seed: int, number: int, updates: int, cut: slice) -> Batch:
        """One seed's part of an interval, by update: (K, T, B, I) and (K, scored, B, …)."""
        size = self.protocol.batch_size
        stream = generator(self.task.name, self.lag, "train", seed, number)
        drawn = self.task.sample(stream, updates * size, self.lag, "train")
        return Batch(*(x.unflatten(1, (updates, size))[:, cut].transpose(0, 1) for x in drawn))


def held_out(task: Task, lag: int, split: Split, size: int, seeds: Sequence[int]) -> Batch:
    """The fixed held-out sequences of each distinct seed: (S, T, N, I) and (S, scored, N, …)."""
    distinct = list(dict.fromkeys(seeds))
    sets = (task.sample(generator(task.name, lag, split, seed), size, lag, split) for seed in distinct)
    return _stacked(sets, len(distinct))


def _stacked(batches: Iterator[Batch], count: int, dim: int = 0) -> Batch:
    """Stack `count` batches along `dim`, holding no more than one of them twice in memory."""
    stacks: list[Tensor] = []
    for place, batch in enumerate(batches):
        stacks = stacks or [x.new_empty(*x.shape[:dim], count, *x.shape[dim:]) for x in batch]
        for stack, x in zip(stacks, batch, strict=True):
            stack.select(dim, place).copy_(x)
    return Batch(*stacks)
