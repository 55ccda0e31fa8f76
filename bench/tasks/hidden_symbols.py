"""Symbols among distractors, whose order is asked for."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Generator

from bench.batch import Batch
from bench.tasks.base import Split, Task

ALPHABET = "XYabcdEB"
START, END = ALPHABET.index("E"), ALPHABET.index("B")


class HiddenSymbols(Task, ABC):
    """Say which symbols, X or Y, came in which order, among distractors; a subclass says how many, and where.

    E starts the sequence, B ends it, a to d are the distractors. The lag is the sequence's length T: each symbol lies
    anywhere in a tenth of it.
    """

    inputs = len(ALPHABET)
    least_lag = 10
    metric_name = "share of sequences classified correctly"

    tenths: ClassVar[tuple[int, ...]]
    """The tenth of the sequence that each symbol lies in, counted from 0."""

    def sample(self, generator: Generator, batch_size: int, lag: int, split: Split = "train") -> Batch:
        """Draw one-hot symbols (lag, batch, 8) and the class (1, batch): a binary number, X = 0 and Y = 1."""
        self.check_lag(lag)
        count = len(self.tenths)
        starts = torch.tensor([[tenth * lag // 10] for tenth in self.tenths])
        positions = starts + torch.randint(lag // 10, (count, batch_size), generator=generator)
        symbols = torch.randint(2, (count, batch_size), generator=generator)
        sequence = torch.randint(2, 6, (lag, batch_size), generator=generator)
        sequence[0], sequence[-1] = START, END
        sequence.scatter_(0, positions, symbols)
        weights = 2 ** torch.arange(count - 1, -1, -1).unsqueeze(1)
        return Batch(F.embedding(sequence, torch.eye(self.inputs)), (symbols * weights).sum(0, keepdim=True))

    def trivial_level(self, lag: int) -> float:
        """One of equally likely classes."""
        return 1 / self.outputs
