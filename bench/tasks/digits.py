"""Handwritten digits, pixel by pixel."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from bench.batch import Batch
from bench.errors import BenchError
from bench.tasks.base import Split, Task

PIXELS = 64
HELD_OUT = 400


class Images(NamedTuple):
    """One split: pixels (64, images) in [0, 1], row by row from the top left; labels (images,)."""

    pixels: Tensor
    labels: Tensor


@cache
def load_images() -> dict[Split, Images]:
    """All 1797 images in three parts that share none and have one mix of digits; always the same parts."""
    # scikit-learn takes a second to import, which listing the tasks should not cost.
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    pixels, labels = load_digits(return_X_y=True)
    rest, test = train_test_split(np.arange(len(labels)), test_size=HELD_OUT, stratify=labels, random_state=0)
    train, validation = train_test_split(rest, test_size=HELD_OUT, stratify=labels[rest], random_state=0)
    parts: dict[Split, np.ndarray] = {"train": train, "validation": validation, "test": test}
    return {
        split: Images(torch.tensor(pixels[part].T / 16, dtype=torch.float32), torch.tensor(labels[part]))
        for split, part in parts.items()
    }


class Digits(Task):
    """Say which digit it was, after seeing its 8×8 pixels one a step and then only blank steps.

        pixels  0 0 .31 .81 .56 .06 0 0 …  (64 steps), then as many zeros as the lag  →  0

    The lag is the number of blank steps: the last pixel travels that far, the first one 63 steps more.

    The data are finite, so here, unlike elsewhere, training meets an image again: 997 images, drawn with
    replacement. Of the 400 for validation and the 400 for the test, each is drawn at most once. The set does
    not say who wrote which digit, so the parts share writers.

    90 % of the images count as solved: without blanks, a GRU and an LSTM of 64 units reach 94 to 96 % of the
    test's within 2 500 updates of 32 images.

    Source: the data of Alpaydin & Kaynak 1998, as scikit-learn ships them, shown as Le et al. 2015 show
    larger ones.
    """

    name = "digits"
    title = "Digits, pixel by pixel"
    short = "digits"
    about = (
        "Handwritten digits are shown pixel by pixel, then come as many blank steps as the lag says; the "
        "network has to name the digit."
    )
    lag_means = "the blank steps after the last pixel"
    reference = "Alpaydin & Kaynak 1998 (images); Le, Jaitly & Hinton 2015 (pixel by pixel)"
    inputs, outputs = 1, 10
    least_lag = 0
    most_held_out = HELD_OUT
    metric_name = "share of images classified correctly"
    solved_at = 0.90

    def sample(self, generator: Generator, batch_size: int, lag: int, split: Split = "train") -> Batch:
        """Draw images (64 + lag, batch, 1) and their digits (1, batch).

        Raises BenchError if more held-out images are asked for than there are.
        """
        self.check_lag(lag)
        images = load_images()[split]
        count = len(images.labels)
        if split == "train":
            drawn = torch.randint(count, (batch_size,), generator=generator)
        elif batch_size <= count:
            drawn = torch.randperm(count, generator=generator)[:batch_size]
        else:
            raise BenchError(
                f"Task '{self.name}' has {count} {split} images, not {batch_size}: "
                f"give --held-out-size {count} or less."
            )
        pixels = self.arrange(images.pixels[:, drawn])
        return Batch(F.pad(pixels, (0, 0, 0, lag)).unsqueeze(-1), images.labels[drawn].unsqueeze(0))

    def arrange(self, pixels: Tensor) -> Tensor:
        """The pixels (64, batch) in the order in which they are shown."""
        return pixels

    def steps(self, lag: int) -> int:
        """The pixels and the blank steps."""
        return PIXELS + lag

    def trivial_level(self, lag: int) -> float:
        """The share of the commonest digit in the test set."""
        labels = load_images()["test"].labels
        return labels.bincount().max().item() / len(labels)
