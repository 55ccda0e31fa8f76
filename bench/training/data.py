"""The sequences of a cohort: fresh blocks to train on, fixed sets to evaluate on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from bench.engine.seeding import generator
from bench.protocol.settings import Protocol
from bench.tasks.base import Split, Task
from bench.techniques.base import Block


class BlockStream:
    """Fresh training sequences, a block (the updates between two evaluations) at a time.

    A block depends on task, lag, seed and its number alone: every technique sees the same sequences, and whether
    other members have finished changes nothing.
    """

    def __init__(self, task: Task, lag: int, protocol: Protocol, seeds: Sequence[int]) -> None:
        self.task, self.lag, self.protocol = task, lag, protocol
        self.seeds = list(dict.fromkeys(seeds))

    def __len__(self) -> int:
        return -(-self.protocol.updates // self.protocol.evaluate_every)

    def __iter__(self) -> Iterator[Block]:
        every, left = self.protocol.evaluate_every, self.protocol.updates
        for number in range(len(self)):
            updates = min(every, left)
            left -= updates
            inputs, targets = zip(*(self._draw(seed, number, updates) for seed in self.seeds), strict=True)
            yield Block(torch.stack(inputs), torch.stack(targets))

    def _draw(self, seed: int, number: int, updates: int) -> tuple[Tensor, Tensor]:
        """One seed's block: (T, K, B, I) and (scored, K, B, …)."""
        size = self.protocol.batch_size
        stream = generator(self.task.name, self.lag, "train", seed, number)
        drawn = self.task.sample(stream, updates * size, self.lag, "train")
        inputs, targets = (x.unflatten(1, (updates, size)) for x in drawn)
        return inputs, targets


def held_out(task: Task, lag: int, split: Split, size: int, seeds: Sequence[int]) -> tuple[Tensor, Tensor]:
    """The fixed held-out sequences of each distinct seed: (S, T, N, I) and (S, scored, N, …)."""
    sets = [task.sample(generator(task.name, lag, split, seed), size, lag, split) for seed in dict.fromkeys(seeds)]
    inputs, targets = zip(*sets, strict=True)
    return torch.stack(inputs), torch.stack(targets)
