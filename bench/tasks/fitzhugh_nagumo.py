"""The FitzHugh–Nagumo neuron, one step ahead."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Generator, Tensor

from bench.batch import Batch
from bench.tasks.base import Split
from bench.tasks.finite import drawn
from bench.tasks.numbers import Numbers

STEP = 0.4
CURRENT, A, B, RATE = 0.5, 0.7, 0.8, 0.02
COUNTS: dict[Split, int] = {"train": 128, "validation": 256, "test": 256}


class FitzHughNagumo(Numbers):
    """Say at every step what the voltage of a neuron will be at the next one.

    The voltage v and a recovery w that is fifty times slower follow v' = v − v³/3 − w + 0.5 and
    w' = 0.02 (v + 0.7 − 0.8 w), from w = 0 and a v in [−1, 1]. v is seen every 0.4 units of time; w is not, and has to
    be kept track of: it decides when the neuron fires, about every 300 steps. The lag is the number of steps.

    The data are finite: 128 trajectories to train with, as in the paper, and 256 each to validate and to test.

    To repeat the last voltage has a mean squared error of .006 to .009. One of .0001 counts as solved, which is less
    than a hundredth of the voltage's own size; the paper reports .0024² after 1,600 updates.

    Source: Rusch et al. 2022, section 5 (with 1,000 steps), after FitzHugh 1955 and Nagumo et al. 1962.
    """

    name = "fitzhugh-nagumo"
    title = "FitzHugh–Nagumo"
    short = "neuron"
    about = (
        "The voltage of a model neuron with a fast and a slow variable, of which only the fast one is seen; the "
        "network has to predict it one step ahead."
    )
    lag_means = "the length of the sequence"
    reference = "Rusch et al. 2022, section 5"
    inputs, outputs = 1, 1
    least_lag = 2
    most_held_out = 256
    solved_at = 1e-4

    def sample(self, generator: Generator, batch_size: int, lag: int, split: Split = "train") -> Batch:
        """Draw voltages (lag, batch, 1) and those one step later (lag, batch, 1)."""
        self.check_lag(lag)
        voltages = trajectories(lag)[split]
        chosen = voltages[:, drawn(COUNTS[split], batch_size, generator, split)].unsqueeze(-1)
        return Batch(chosen[:-1], chosen[1:])

    def scored_steps(self, lag: int) -> int:
        """Count all steps."""
        return lag

    def trivial_level(self, lag: int) -> float:
        """The error of whoever repeats the last voltage, on the test set: smaller than any constant's."""
        return trajectories(lag)["test"].diff(dim=0).square().mean().item()


@cache
def trajectories(lag: int) -> dict[Split, Tensor]:
    """The voltages at lag + 1 moments, (lag + 1, trajectories), by split; the same ones always."""
    # SciPy's integrators take a while to import, which listing the tasks should not cost.
    from scipy.integrate import solve_ivp

    count = sum(COUNTS.values())
    starts = np.random.RandomState(0).uniform(-1, 1, count)  # the generator whose numbers are promised to stay
    moments = STEP * np.arange(lag + 1)
    found = solve_ivp(_slope, (0, moments[-1]), np.concatenate([starts, np.zeros(count)]), "DOP853", moments,
                      rtol=1e-9, atol=1e-9)  # fmt: skip
    voltages = torch.tensor(found.y[:count].T, dtype=torch.float32)
    parts = voltages.split(list(COUNTS.values()), dim=1)
    return dict(zip(COUNTS, parts, strict=True))


def _slope(_: float, state: np.ndarray) -> np.ndarray:
    """v' and w' of all trajectories, from their v and w one after the other."""
    v, w = np.split(state, 2)
    return np.concatenate([v - v**3 / 3 - w + CURRENT, RATE * (v + A - B * w)])
