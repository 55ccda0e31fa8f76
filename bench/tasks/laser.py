"""The Santa Fe laser."""

from __future__ import annotations

from importlib.resources import files

import numpy as np

from bench.tasks.installed import NeedsPackages, pinned
from bench.tasks.series import Forecast, Series, later


class Laser(Forecast, NeedsPackages):
    """Say how bright a chaotic laser will be five measurements ahead.

    Its brightness swings about every eight measurements, ever more strongly, until it collapses, which is hard to
    foresee. There are 10,093 measurements.

    Source: data set A of the Santa Fe competition, Hübner et al. 1989, Weigend & Gershenfeld 1993, as reservoirpy
    carries it.
    """

    name = "laser"
    title = "Santa Fe laser"
    short = "laser"
    about = "The brightness of a chaotic laser; the network has to predict it five measurements ahead."
    lag_means = "the length of the window that is seen"
    reference = "Weigend & Gershenfeld 1993, data set A"
    inputs = 1
    solved_at = 0.1
    horizon = 5
    packages = ("reservoirpy",)

    def load(self) -> Series:
        """Load what reservoirpy has."""
        with (files("reservoirpy") / "datasets" / "santafe_laser.npy").open("rb") as file:
            values = pinned(np.load(file).astype(np.int64)[:, 0], "cc4ace0cb515b4fe", "reservoirpy's laser data")
        brightness = values.astype(float)
        return Series(brightness[:, None], later(brightness, self.horizon), brightness)
