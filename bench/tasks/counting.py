"""Counting: aⁿbⁿ."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Generator

from bench.batch import Batch
from bench.tasks.base import IGNORED, Split, Task

A, B, NOTHING = range(3)
GOES_ON, ENDS = range(2)


class Counting(Task):
    """Say while the b's are read whether another one follows, of strings aⁿbⁿ.

    At lag 9, with n = 3 (+ another b, . the end, ? not scored):

        input   · a a a b b b · ·
        answer  ? ? ? ? ? + . ? ?

    The lag is the length of the sequence; n is anything from 2 to a quarter of it, and the string ends anywhere in the
    second half, so that the time tells nothing. Only the last two b's are scored: one answer is right as often as the
    other, and whoever is off by one is wrong. A network has to count the a's, and count them down again.

    Source: the language of Gers & Schmidhuber 2001, who ask at every step for all symbols that may come next.
    """

    name = "counting"
    title = "Counting, aⁿbⁿ"
    short = "counting"
    about = (
        "A string of a's is followed by as many b's; at the last two of them the network has to say whether another b "
        "follows."
    )
    lag_means = "the length of the sequence, four times the largest number to count to"
    reference = "Gers & Schmidhuber 2001"
    symbols = "a b ·"
    answers = "+ ."
    inputs, outputs = 3, 2
    least_lag = 16
    metric_name = "share of right answers at the last two b's"

    def sample(self, generator: Generator, batch_size: int, lag: int, split: Split = "train") -> Batch:
        """Draw one-hot symbols (lag, batch, 3) and answers (lag, batch), IGNORED but at the last two b's."""
        self.check_lag(lag)
        count = torch.randint(2, lag // 4 + 1, (batch_size,), generator=generator)
        end = torch.randint(lag // 2, lag + 1, (batch_size,), generator=generator)
        step = torch.arange(1, lag + 1).unsqueeze(1) - (end - 2 * count)
        is_a, is_b = (step > 0) & (step <= count), (step > count) & (step <= 2 * count)
        symbols = torch.where(is_a, A, torch.where(is_b, B, NOTHING))
        answers = torch.where(step == 2 * count, ENDS, torch.where(step == 2 * count - 1, GOES_ON, IGNORED))
        return Batch(F.embedding(symbols, torch.eye(self.inputs)), answers)

    def scored_steps(self, lag: int) -> int:
        """Count all steps, of which only the last two b's have an answer."""
        return lag

    def trivial_level(self, lag: int) -> float:
        """One of two answers that are equally often right."""
        return 1 / 2
