"""The copy problem."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Generator

from bench.batch import Batch
from bench.tasks.base import Split, Task

SYMBOLS = 8
BLANK, DELIMITER = SYMBOLS, SYMBOLS + 1
SHOWN = 10


class Copy(Task):
    """Recall ten symbols in order, once a delimiter says so.

    With three symbols A, B, C in place of ten and a lag of 4 (· blank, ! delimiter, ? not scored):

        input   B C A · · · ! · · ·
        answer  ? ? ? ? ? ? ? B C A

    The symbols come first, then as many steps as the lag, of which the last is the delimiter; recall starts
    at the step after it. Every symbol travels lag + 10 steps. Only the ten recall steps are scored, on the
    eight symbols: a model without memory answers nearly all of the other steps rightly.

    Source: the sequence of Arjovsky et al. 2016, after Hochreiter & Schmidhuber 1997; they score every step.
    """

    name = "copy"
    title = "Copy"
    short = "copy"
    about = (
        "A string of symbols is followed by blank steps; the network then has to recall the string. Only the "
        "recall is scored."
    )
    lag_means = "the blank steps between the string and its recall"
    reference = "Arjovsky, Shah & Bengio 2016, after Hochreiter & Schmidhuber 1997"
    symbols = "A B C D E F G H · !"
    answers = "A B C D E F G H"
    inputs, outputs, scored = SYMBOLS + 2, SYMBOLS, SHOWN
    metric_name = "share of symbols recalled"

    def sample(self, generator: Generator, batch_size: int, lag: int, split: Split = "train") -> Batch:
        """Draw one-hot symbols (lag + 20, batch, 10) and the ten to recall (10, batch)."""
        self.check_lag(lag)
        symbols = torch.randint(SYMBOLS, (SHOWN, batch_size), generator=generator)
        sequence = torch.full((self.steps(lag), batch_size), BLANK)
        sequence[:SHOWN] = symbols
        sequence[-SHOWN - 1] = DELIMITER
        return Batch(F.embedding(sequence, torch.eye(self.inputs)), symbols)

    def steps(self, lag: int) -> int:
        """The lag between ten symbols shown and ten recalled."""
        return SHOWN + lag + SHOWN

    def trivial_level(self, lag: int) -> float:
        """One of eight equally likely symbols."""
        return 1 / SYMBOLS
