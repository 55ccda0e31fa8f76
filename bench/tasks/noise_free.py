"""A long lag without noise."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Generator

from bench.batch import Batch
from bench.errors import BenchError
from bench.tasks.base import Split, Task

LONGEST = 100
"""Symbols of the string, and so the longest lag, with one more for the other beginning."""


class NoiseFree(Task):
    """Say at the end which of two symbols began, after a string of symbols that is always the same.

    At lag 5, with x or y in front:

        input   x 1 2 3 4
        answer  ? ? ? ? x

    The lag is the sequence's length. There are two sequences, and nothing in them but their first symbol is of use:
    there is no regularity in the short term to learn first, and no noise to learn from.

    Source: Hochreiter & Schmidhuber 1997, experiment 2a, with p = lag; they ask for every next symbol, of which the
    others follow from the last one seen.
    """

    name = "noise-free"
    title = "Noise-free long lag"
    short = "noise-free"
    about = (
        "One of two symbols is followed by a string that is always the same; at its end the network has to say which "
        "symbol it was."
    )
    lag_means = "the length of the sequence"
    reference = "Hochreiter & Schmidhuber 1997, experiment 2a"
    inputs, outputs = LONGEST + 1, 2
    metric_name = "share of sequences classified correctly"

    def sample(self, generator: Generator, batch_size: int, lag: int, split: Split = "train") -> Batch:
        """Draw one-hot symbols (lag, batch, 101) and the class (1, batch)."""
        self.check_lag(lag)
        classes = torch.randint(2, (1, batch_size), generator=generator)
        string = torch.arange(2, lag + 1).unsqueeze(1).expand(-1, batch_size)
        return Batch(F.embedding(torch.cat([classes, string]), torch.eye(self.inputs)), classes)

    def check_lag(self, lag: int) -> None:
        """Raise BenchError if the lag is too short, or longer than there are symbols."""
        super().check_lag(lag)
        if lag > LONGEST:
            raise BenchError(f"Lag {lag} is too long for task '{self.name}': it has symbols for {LONGEST}.")

    def trivial_level(self, lag: int) -> float:
        """One of two equally likely symbols."""
        return 1 / 2
