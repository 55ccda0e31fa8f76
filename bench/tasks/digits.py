"""Handwritten digits, pixel by pixel."""

from __future__ import annotations

from torch import Tensor

from bench.tasks.base import Split
from bench.tasks.images import Images, load_digits
from bench.tasks.pixels import Pixels


class Digits(Pixels):
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
    solved_at = 0.90
    pixels = 64
    most_held_out = 400

    def images(self) -> dict[Split, Images]:
        """Load what scikit-learn has."""
        return load_digits()

    def arrange(self, pixels: Tensor) -> Tensor:
        """The pixels (64, batch) row by row."""
        return pixels
