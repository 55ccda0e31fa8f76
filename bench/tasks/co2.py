"""Carbon dioxide over Mauna Loa."""

from __future__ import annotations

import numpy as np

from bench.tasks.installed import pinned
from bench.tasks.series import Forecast, Series, later


class Co2(Forecast):
    """Say by how much the carbon dioxide in the air over Mauna Loa will change within the next half year.

    What is seen is the change from week to week, which is noisy; the season lies in it, and how much more there is each
    year. There are 2,284 weeks, of which 59 were not measured and are interpolated. To say that nothing will change is
    worse than to name the mean change; a whole year has to be seen to know the season well.

    Source: weekly averages of Keeling & Whorf 2004, from 1958 to 2001, as statsmodels carries them.
    """

    name = "co2"
    title = "CO₂ over Mauna Loa"
    short = "CO₂"
    about = (
        "The carbon dioxide in the air, as it changes from week to week; the network has to predict the change of the "
        "coming half year."
    )
    lag_means = "the length of the window that is seen, in weeks"
    reference = "Keeling & Whorf 2004"
    inputs = 1
    solved_at = 0.05
    horizon = 26

    def load(self) -> Series:
        """Load what statsmodels has."""
        from statsmodels.datasets import co2

        weekly = co2.load_pandas().data["co2"].to_numpy(dtype=float)
        values = pinned(weekly, "ee5afa98318c2069", "statsmodels' carbon dioxide data")
        weeks, known = np.arange(len(values)), np.isfinite(values)
        level = np.interp(weeks, weeks[known], values[known])
        change = np.diff(level, prepend=level[0])
        return Series(change[:, None], later(level, self.horizon) - level, np.zeros_like(level))
