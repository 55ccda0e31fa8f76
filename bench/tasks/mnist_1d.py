"""MNIST-1D: digits drawn as lines."""

from __future__ import annotations

import random
from functools import cache

import numpy as np
import torch
from torch import Tensor

from bench.tasks.base import Split
from bench.tasks.images import Images
from bench.tasks.installed import NeedsPackages, pinned
from bench.tasks.pixels import Pixels

HELD_OUT = {"validation": 500, "test": 1000}


class Mnist1d(Pixels, NeedsPackages):
    """Say which digit it was, after seeing a line of forty heights that was drawn from its outline, one a step.

    Each of ten outlines is padded, moved, sheared, scaled and made noisy: where it begins is part of the noise. The lag
    is the number of blank steps after it. 3,500 lines are there to train with, 500 to validate and the paper's 1,000 to
    test.

    80 % count as solved; the paper's GRU, which reads both ways, reaches 91 %.

    Source: Greydanus & Kobak 2024, with the generator of their package at its defaults.
    """

    name = "mnist-1d"
    title = "MNIST-1D"
    short = "MNIST-1D"
    about = (
        "Lines that were drawn from outlines of ten digits are shown point by point; the network has to name the digit."
    )
    lag_means = "the blank steps after the last point"
    reference = "Greydanus & Kobak 2024"
    solved_at = 0.80
    pixels = 40
    most_held_out = 500
    packages = ("mnist1d",)

    def images(self) -> dict[Split, Images]:
        """Make them as the package does."""
        return _lines()

    def arrange(self, pixels: Tensor) -> Tensor:
        """The points (40, batch) from left to right."""
        return pixels


@cache
def _lines() -> dict[Split, Images]:
    """The lines by split; the package draws from the global generators, which stay as they are."""
    from mnist1d.data import get_dataset_args, make_dataset

    states = random.getstate(), np.random.get_state()
    try:
        made = make_dataset(get_dataset_args())
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
    labels = pinned(
        np.concatenate([made["y"], made["y_test"]]).astype(np.int64), "6feec4a017698c7f", "The lines of mnist1d"
    )
    points = torch.tensor(np.concatenate([made["x"], made["x_test"]]).T, dtype=torch.float32)
    sizes = [len(labels) - sum(HELD_OUT.values()), *HELD_OUT.values()]
    parts = zip(points.split(sizes, dim=1), torch.tensor(labels).split(sizes), strict=True)
    return dict(zip(("train", "validation", "test"), (Images(*part) for part in parts), strict=True))
