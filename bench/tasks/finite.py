"""Draws from data of which there are only so many."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from bench.tasks.base import Split


def drawn(count: int, batch_size: int, generator: Generator, split: Split) -> Tensor:
    """Draw places among `count`, (batch_size,): for training with replacement.

    Held-out ones are each drawn at most once, as long as there are enough; then any may come again.
    """
    if split == "train":
        return torch.randint(count, (batch_size,), generator=generator)
    once = torch.randperm(count, generator=generator)[:batch_size]
    return torch.cat([once, torch.randint(count, (batch_size - len(once),), generator=generator)])
