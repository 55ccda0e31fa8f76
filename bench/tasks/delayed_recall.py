"""Delayed recall: a shift register."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Generator

from bench.batch import Batch
from bench.tasks.base import Split, Task


class DelayedRecall(Task):
    """Repeat a stream of bits `lag` steps later.

    At lag 3:

        input   1 0 0 1 1 0 1 0
        answer  ? ? ? 1 0 0 1 1

    There is a loss at every step, once the first answer is due. After 3 lag steps every bit of the first two thirds
    has been asked for, and so many bits as the lag are in memory at any time.

    Source: the short-term memory of Jaeger 2001, with bits in place of uniform numbers and one delay at a time.
    """

    name = "delayed-recall"
    title = "Delayed recall"
    short = "recall"
    about = "A stream of bits, which the network has to repeat a fixed number of steps later."
    lag_means = "the steps between a bit and its repetition"
    reference = "Jaeger 2001 (short term memory in echo state networks)"
    symbols = "0 1"
    answers = "0 1"
    inputs, outputs = 2, 2
    metric_name = "share of bits recalled"

    def sample(self, generator: Generator, batch_size: int, lag: int, split: Split = "train") -> Batch:
        """Draw one-hot bits (3 lag, batch, 2) and those of `lag` steps before (2 lag, batch)."""
        self.check_lag(lag)
        bits = torch.randint(2, (self.steps(lag), batch_size), generator=generator)
        return Batch(F.embedding(bits, torch.eye(self.inputs)), bits[:-lag])

    def steps(self, lag: int) -> int:
        """Three times the lag."""
        return 3 * lag

    def scored_steps(self, lag: int) -> int:
        """Count all steps from the lag on."""
        return 2 * lag

    def trivial_level(self, lag: int) -> float:
        """One of two equally likely bits."""
        return 1 / 2
