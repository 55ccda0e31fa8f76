"""Parity of a stream of bits."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Generator

from bench.batch import Batch
from bench.tasks.base import Split, Task


class Parity(Task):
    """Say after every bit whether the number of ones so far is odd.

        input   1 0 1 1 0
        answer  1 1 0 1 1

    The lag is the sequence's length, and every bit counts to its end: no bit may be forgotten, and the state has to
    be flipped, not only kept. Networks whose recurrence does not depend on the state, or has no negative
    eigenvalues, cannot do that at any length.

    Source: the language of Minsky & Papert 1969 and Hochreiter & Schmidhuber 1997 (section 5); scored at every
    step, as by Grazzi et al. 2025.
    """

    name = "parity"
    title = "Parity"
    short = "parity"
    about = "A stream of bits; after each one the network has to say whether the number of ones so far is odd."
    lag_means = "the length of the sequence"
    reference = "Grazzi et al. 2025; Hochreiter & Schmidhuber 1997, section 5"
    symbols = "0 1"
    answers = "0 1"
    inputs, outputs = 2, 2
    metric_name = "share of steps classified correctly"

    def sample(self, generator: Generator, batch_size: int, lag: int, split: Split = "train") -> Batch:
        """Draw one-hot bits (lag, batch, 2) and the parities of those so far (lag, batch)."""
        self.check_lag(lag)
        bits = torch.randint(2, (lag, batch_size), generator=generator)
        return Batch(F.embedding(bits, torch.eye(self.inputs)), bits.cumsum(0) % 2)

    def scored_steps(self, lag: int) -> int:
        """Count all steps."""
        return lag

    def trivial_level(self, lag: int) -> float:
        """One of two equally likely classes."""
        return 1 / 2
