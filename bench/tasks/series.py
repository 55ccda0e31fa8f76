"""Forecasts of a measured series, of which only the past may be known."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cache
from itertools import pairwise
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor

from bench.batch import Batch
from bench.errors import BenchError
from bench.tasks.base import Split
from bench.tasks.finite import drawn
from bench.tasks.numbers import Numbers

SHARES: dict[Split, float] = {"train": 0.7, "validation": 0.15, "test": 0.15}


class Series(NamedTuple):
    """A series from its first moment to its last: what is seen, what is to be said, and a simple forecast of it."""

    seen: np.ndarray
    """(moments, features)"""
    asked: np.ndarray
    """(moments,): what is asked at each moment, which lies in its future; the last `horizon` moments have none."""
    naive: np.ndarray
    """(moments,): the forecast that nothing changes."""


class Part(NamedTuple):
    """One split of a series, in units of the training part's deviation from its mean."""

    seen: Tensor
    asked: Tensor
    trivial: float
    """The mean squared error of the better of two predictors: the best constant, and that nothing changes."""


class Forecast(Numbers, ABC):
    """Say what will come, of a series that was measured; a subclass loads it.

    The first 70 % of the time are there to train with, the next 15 % to validate, the last 15 % to test: no future is
    known in any part, and no answer of one part is asked for in another. Errors are in units of the training part's
    variance. The lag is the length of the window that is
    seen. Its second half is scored, so that every answer has at least half the lag to look back on.
    """

    outputs = 1
    least_lag = 2

    horizon: ClassVar[int]
    """Moments from what is seen last to the last that the answer depends on."""

    @abstractmethod
    def load(self) -> Series:
        """Load the series. Raises BenchError if it is not the one that results rest on."""

    def sample(self, generator: Generator, batch_size: int, lag: int, split: Split = "train") -> Batch:
        """Draw windows (lag, batch, features) and the answers of their second halves (lag / 2, batch, 1)."""
        self.check_lag(lag)
        part = parts(type(self))[split]
        count = len(part.seen) - lag + 1
        moments = drawn(count, batch_size, generator, split) + torch.arange(lag).unsqueeze(1)
        return Batch(part.seen[moments], part.asked[moments[-self.scored_steps(lag) :]].unsqueeze(-1))

    def check_lag(self, lag: int) -> None:
        """Raise BenchError if the lag is too short, or longer than the shortest part."""
        super().check_lag(lag)
        longest = min(len(part.seen) for part in parts(type(self)).values())
        if lag > longest:
            raise BenchError(f"Lag {lag} is too long for task '{self.name}': its shortest part has {longest} moments.")

    def scored_steps(self, lag: int) -> int:
        """Count the second half of the window."""
        return lag - lag // 2

    def trivial_level(self, lag: int) -> float:
        """The better of the best constant and the forecast that nothing changes, on the whole test part."""
        return parts(type(self))["test"].trivial


@cache
def parts(task: type[Forecast]) -> dict[Split, Part]:
    """The parts of a task's series."""
    series = task().load()
    ends = np.round(np.cumsum([0.0, *SHARES.values()]) * len(series.seen)).astype(int)
    known = slice(ends[0], ends[1])
    shift, scale = series.seen[known].mean(0), series.seen[known].std(0)
    goal, spread = np.nanmean(series.asked[known]), np.nanstd(series.asked[known])
    found: dict[Split, Part] = {}
    for split, (start, end) in zip(SHARES, pairwise(ends), strict=True):
        here = slice(start, end - task.horizon)
        asked = (series.asked[here] - goal) / spread
        naive = (series.naive[here] - goal) / spread
        found[split] = Part(
            seen=torch.tensor((series.seen[here] - shift) / scale, dtype=torch.float32),
            asked=torch.tensor(asked, dtype=torch.float32),
            trivial=float(min(asked.var(), np.square(asked - naive).mean())),
        )
    return found


def later(values: np.ndarray, horizon: int) -> np.ndarray:
    """The values so many moments later; not-a-number where there are none."""
    return np.concatenate([values[horizon:], np.full(horizon, np.nan)])
