"""Handwritten digits, row by row, and then noise."""

from __future__ import annotations

import torch
from torch import Generator

from bench.batch import Batch
from bench.tasks.base import Split, Task
from bench.tasks.images import draw, load_digits

SIDE = 8


class DigitsNoise(Task):
    """Say which digit it was, after seeing its eight rows one a step and then only noise.

    The lag is the number of noisy steps, each of eight numbers from the range of the pixels, [0, 1]. Unlike blanks they
    push at the state all the time, so that keeping the image means to shut the input out.

    The images, their parts and their share of digits are those of `digits`. 90 % count as solved.

    Source: Chang et al. 2019 (noise-padded CIFAR-10, as coRNN and LEM are tried on), with our small images.
    """

    name = "digits-noise"
    title = "Digits, then noise"
    short = "noisy digits"
    about = (
        "Handwritten digits are shown row by row, then come as many steps of noise as the lag says; the network has to "
        "name the digit."
    )
    lag_means = "the steps of noise after the last row"
    reference = "Chang et al. 2019 (images, then noise); Alpaydin & Kaynak 1998 (images)"
    inputs, outputs = SIDE, 10
    least_lag = 0
    most_held_out = 400
    metric_name = "share of images classified correctly"
    solved_at = 0.90

    def sample(self, generator: Generator, batch_size: int, lag: int, split: Split = "train") -> Batch:
        """Draw images (8 + lag, batch, 8) and their digits (1, batch).

        Raises BenchError if more held-out images are asked for than there are.
        """
        self.check_lag(lag)
        pixels, labels = draw(load_digits()[split], generator, batch_size, split, self.name)
        rows = pixels.view(SIDE, SIDE, batch_size).transpose(1, 2)
        noise = torch.rand(lag, batch_size, SIDE, generator=generator)
        return Batch(torch.cat([rows, noise]), labels.unsqueeze(0))

    def steps(self, lag: int) -> int:
        """The rows and the noise."""
        return SIDE + lag

    def trivial_level(self, lag: int) -> float:
        """The share of the commonest digit in the test set."""
        return load_digits()["test"].commonest
