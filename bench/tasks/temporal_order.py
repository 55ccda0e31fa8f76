"""The temporal order problem with two symbols."""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Generator

from bench.batch import Batch
from bench.tasks.base import Split, Task

ALPHABET = "XYabcdEB"
START, END = ALPHABET.index("E"), ALPHABET.index("B")


class TemporalOrder(Task):
    """Say which symbols, X or Y, came first and second, among distractors.

        E Y a c b X d c a B  →  Y X, class 2 of XX, XY, YX, YY

    E starts the sequence, B ends it, a to d are the distractors. The lag is the sequence's length T: the
    first symbol lies anywhere in [T/10, 2T/10), the second in [5T/10, 6T/10). So the first travels about
    0.8 T to 0.9 T.

    Source: experiment 6a of Hochreiter & Schmidhuber 1997, its positions scaled from their length of about
    100 as in the code of Pascanu, Mikolov & Bengio 2013 (who have neither E nor B).
    """

    name = "temporal-order"
    title = "Temporal order, two symbols"
    short = "order"
    about = "Two symbols are hidden in a long sequence of distractors; the network has to say in which order they came."
    lag_means = "the length of the sequence"
    reference = "Hochreiter & Schmidhuber 1997, experiment 6a; lengths as in Pascanu, Mikolov & Bengio 2013"
    inputs, outputs = len(ALPHABET), 4
    least_lag = 10
    metric_name = "share of sequences classified correctly"
    plateaus = {"last symbol known": 1 / 2}

    tenths: ClassVar[tuple[int, ...]] = (1, 5)
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
