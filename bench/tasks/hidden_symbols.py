"""Symbols among distractors, whose order is asked for."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from bench.batch import Batch
from bench.tasks.ages import AsksByAge
from bench.tasks.base import Split, Task

ALPHABET = "XYabcdEB"
START, END = ALPHABET.index("E"), ALPHABET.index("B")


class HiddenSymbols(Task, AsksByAge, ABC):
    """Say which symbols, X or Y, came in which order, among distractors; a subclass says how many, and where.

    E starts the sequence, B ends it, a to d are the distractors. The lag is the sequence's length T: each symbol lies
    anywhere in a tenth of it.
    """

    symbols = "X Y a b c d E B"
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
        weights = _weights(count).unsqueeze(1)
        return Batch(F.embedding(sequence, torch.eye(self.inputs)), (symbols * weights).sum(0, keepdim=True))

    def trivial_level(self, lag: int) -> float:
        """One of equally likely classes."""
        return 1 / self.outputs

    def right_by_age(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The share of sequences in which each symbol is right, (E, symbols)."""
        given, asked = (self._symbols(classes) for classes in (outputs.argmax(-1), targets))
        return (given == asked).float().flatten(1, 2).mean(1)

    def _symbols(self, classes: Tensor) -> Tensor:
        """The symbols of classes (…,), in the order of the sequence: (…, symbols), 0 or 1."""
        return classes.unsqueeze(-1) // _weights(self.ages).to(classes.device) % 2

    @property
    def ages(self) -> int:
        """Number of symbols."""
        return len(self.tenths)


def _weights(count: int) -> Tensor:
    """The value of each symbol in the class's binary number, the first symbol's in front."""
    return 2 ** torch.arange(count - 1, -1, -1)
