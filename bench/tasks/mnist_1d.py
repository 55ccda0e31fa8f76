"""MNIST-1D: digits drawn as lines."""

from __future__ import annotations

from functools import cache
from typing import Any

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
        """Draw them as the package does."""
        return _lines()

    def arrange(self, pixels: Tensor) -> Tensor:
        """The points (40, batch) from left to right."""
        return pixels


@cache
def _lines() -> dict[Split, Images]:
    """The lines by split."""
    from mnist1d.data import get_dataset_args, get_templates

    drawn, digits = lines(get_templates()["x"], get_dataset_args(as_dict=True))
    labels = torch.tensor(pinned(digits, "6feec4a017698c7f", "The lines of mnist1d"))
    points = torch.tensor(drawn.T, dtype=torch.float32)
    sizes = [len(labels) - sum(HELD_OUT.values()), *HELD_OUT.values()]
    parts = zip(points.split(sizes, dim=1), labels.split(sizes), strict=True)
    return dict(zip(("train", "validation", "test"), (Images(*part) for part in parts), strict=True))


def lines(outlines: np.ndarray, numbers: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Draw lines (lines, points) and their digits from outlines (digits, points), with the package's numbers.

    They are the package's own, bit for bit: chance is asked in its order, line by line, and everything else is done for
    all lines at once, in a tenth of the time.
    """
    from scipy.ndimage import gaussian_filter1d

    generator = np.random.RandomState(numbers["seed"])
    low, high = numbers["padding"]
    width = numbers["template_len"] + high
    padded = {
        (digit, blank): _stretched(np.append(outline + 1e-8, np.zeros(blank)), width)
        for digit, outline in enumerate(outlines)
        for blank in range(low, high + 1)
    }
    digits = np.repeat(np.arange(len(outlines)), numbers["num_samples"] // len(outlines))
    shapes, smooth, rough = np.empty((3, len(digits), width))
    slope = np.empty((len(digits), 1))
    for i, digit in enumerate(digits):
        shape = padded[int(digit), low + int(generator.rand() * (high - low + 1))]
        scaled = shape * (1 + numbers["scale_coeff"] * (generator.rand() - 0.5))
        shapes[i] = np.roll(scaled, generator.choice(numbers["max_translation"]))
        smooth[i], rough[i] = generator.randn(width), generator.randn(width)
        slope[i] = numbers["shear_scale"] * (generator.rand() - 0.5)
    noise = gaussian_filter1d(numbers["corr_noise_scale"] * smooth, 2)
    drawn = np.where(shapes != 0, shapes, noise) + numbers["iid_noise_scale"] * rough
    drawn -= slope * np.linspace(-0.5, 0.5, width)
    order = generator.permutation(len(digits))
    found = np.stack([_stretched(line, numbers["final_seq_length"]) for line in drawn])[order]
    return (found - found.mean()) / found.std(), digits[order]


def _stretched(line: np.ndarray, points: int) -> np.ndarray:
    """A line at so many points from its first to its last, straight between those that it has."""
    return np.interp(_grid(points), _grid(len(line)), line)


@cache
def _grid(points: int) -> np.ndarray:
    return np.linspace(0, 1, points)
