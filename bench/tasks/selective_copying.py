"""Symbols that are scattered among blanks and have to be recalled in their order."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Generator

from bench.batch import Batch
from bench.tasks.base import Split, Task

SYMBOLS = 14
BLANK, ASK = SYMBOLS, SYMBOLS + 1


class SelectiveCopying(Task, ABC):
    """Recall symbols in their order, wherever they stood among the blanks; a subclass says how many.

    With two symbols, a lag of 6 (· blank, ! asks, ? not scored):

        input   · C · · A · ! !
        answer  ? ? ? ? ? ? C A

    The lag is the length of the stretch in which the symbols lie, each set of places being equally likely. Since they
    do not stand at fixed places, no fixed convolution finds them: a model has to look at what it reads to know
    whether to keep it.
    """

    symbols = "A B C D E F G H I J K L M N · !"
    answers = "A B C D E F G H I J K L M N"
    inputs, outputs = SYMBOLS + 2, SYMBOLS
    metric_name = "share of symbols recalled"

    shown: ClassVar[int]
    """Number of symbols."""

    def sample(self, generator: Generator, batch_size: int, lag: int, split: Split = "train") -> Batch:
        """Draw one-hot symbols (lag + shown, batch, 16) and those to recall (shown, batch)."""
        self.check_lag(lag)
        symbols = torch.randint(SYMBOLS, (self.shown, batch_size), generator=generator)
        order = torch.rand(lag, batch_size, generator=generator).argsort(0)
        places = order[: self.shown].sort(0).values
        sequence = torch.full((self.steps(lag), batch_size), BLANK)
        sequence[lag:] = ASK
        sequence.scatter_(0, places, symbols)
        return Batch(F.embedding(sequence, torch.eye(self.inputs)), symbols)

    def steps(self, lag: int) -> int:
        """The stretch with the symbols, and a step for each answer."""
        return lag + self.shown

    def trivial_level(self, lag: int) -> float:
        """One of fourteen equally likely symbols."""
        return 1 / SYMBOLS
