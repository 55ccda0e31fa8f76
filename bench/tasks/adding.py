"""The adding problem."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from bench.batch import Batch
from bench.tasks.base import Split, Task


class Adding(Task):
    """Sum the two marked numbers of a sequence.

        values   0.2  0.7  0.1  0.9
        markers  0    1    0    1     →  1.6

    Values are uniform in [0, 1). One marker lies in each half (the first half is the shorter one of an odd
    length). The lag is the sequence's length: the first number travels between half of it and all of it.

    Source: experiment 4 of Hochreiter & Schmidhuber 1997, in the form that Arjovsky et al. 2016 use:
    unsigned values, a plain sum, and a marker in each half in place of two near the start.
    """

    name = "adding"
    title = "Adding"
    short = "adding"
    about = "Two numbers of a long sequence are marked, one in each half; the network is asked for their sum."
    lag_means = "the length of the sequence"
    reference = "Hochreiter & Schmidhuber 1997, experiment 4; in the form of Arjovsky, Shah & Bengio 2016"
    inputs, outputs = 2, 1
    least_lag = 2
    metric_name = "mean squared error"
    higher_is_better = False
    solved_at = 0.01
    plateaus = {"one number known": 1 / 12}

    def sample(self, generator: Generator, batch_size: int, lag: int, split: Split = "train") -> Batch:
        """Draw (value, marker) pairs (lag, batch, 2) and their sums (1, batch)."""
        self.check_lag(lag)
        inputs = torch.zeros(lag, batch_size, 2)
        values, markers = inputs.unbind(-1)
        values.uniform_(generator=generator)
        first = torch.randint(lag // 2, (batch_size,), generator=generator)
        second = torch.randint(lag // 2, lag, (batch_size,), generator=generator)
        marked = torch.stack((first, second))
        markers.scatter_(0, marked, 1.0)
        return Batch(inputs, values.gather(0, marked).sum(0, keepdim=True))

    def trivial_level(self, lag: int) -> float:
        """The variance of the sum of two uniform numbers: of always answering 1."""
        return 1 / 6

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The mean squared error of each member: outputs (E, 1, B, 1), targets (E, 1, B) → (E,)."""
        return F.mse_loss(outputs.squeeze(-1), targets, reduction="none").flatten(1).mean(1)

    def metric(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The loss itself."""
        return self.loss(outputs, targets)
