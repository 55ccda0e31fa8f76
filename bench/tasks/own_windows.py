"""Windows of the series in a user's table."""

from __future__ import annotations

from abc import ABC
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor

from bench.batch import Batch
from bench.errors import BenchError
from bench.tasks.base import Split
from bench.tasks.finite import drawn
from bench.tasks.numbers import Numbers
from bench.tasks.own_data import ARRAYS, FEWEST, SPLITS, OwnData, arrays, standardised


class Moments(NamedTuple):
    """All moments of a table in order, standardised on those to train with."""

    seen: Tensor
    """(moments, features)"""
    asked: Tensor
    """(moments,): classes, or numbers, of which some may not be known."""
    known: np.ndarray
    """(moments,): True where what is asked is known."""
    pieces: np.ndarray
    """(pieces, 3): a part's number, and the moments from which and before which its windows may lie."""


class Windows(OwnData, ABC):
    """Windows of series; every moment of the second half is asked about.

    Windows lie within one series and one part, and so do their answers. The lag is the length of the window.
    """

    about = (
        "A window of a series is seen moment by moment; at each moment of its second half the network has to say what "
        "the task's title names."
    )
    lag_means = "the length of the window that is seen"
    least_lag = 2

    def sample(self, generator: Generator, batch_size: int, lag: int, split: Split = "train") -> Batch:
        """Draw windows (lag, batch, features) and the answers of their second halves (lag / 2, batch[, 1]).

        Held-out windows are each drawn at most once, as long as there are enough.
        """
        self.check_lag(lag)
        file = self.file(ARRAYS)
        moments, starts = moments_of(file), starts_of(file, split, lag)
        rows = starts[drawn(len(starts), batch_size, generator, split)] + torch.arange(lag).unsqueeze(1)
        answers = moments.asked[rows[-self.scored_steps(lag) :]]
        return Batch(moments.seen[rows], answers.unsqueeze(-1) if answers.is_floating_point() else answers)

    def check_lag(self, lag: int) -> None:
        """Raise BenchError if the lag is too short, or so long that a part has too few windows."""
        super().check_lag(lag)
        counts = {split: len(starts_of(self.file(ARRAYS), split, lag)) for split in SPLITS}
        least = min(counts, key=lambda split: counts[split])
        if counts[least] < FEWEST:
            raise BenchError(
                f"Lag {lag} is too long for task '{self.name}': its {least} part has {counts[least]} windows of "
                f"{lag} moments, and at least {FEWEST} are needed; give shorter windows, or a longer series."
            )

    def scored_steps(self, lag: int) -> int:
        """Count the second half of the window."""
        return lag - lag // 2


class OwnForecast(Numbers, Windows, ABC):
    """Say what a number of a series will be, so many moments later."""


class OwnMoments(Windows, ABC):
    """Say of which class a moment of a series is."""

    metric_name = "share of moments classified correctly"


@cache
def moments_of(file: Path) -> Moments:
    """The moments of a task's arrays: see `prepared`."""
    return prepared(arrays(file))


def prepared(found: dict[str, np.ndarray]) -> Moments:
    """Standardise a table's arrays: seen (M, C), scaled (C,), asked (M,), known (M,), pieces (P, 3)."""
    pieces, asked, known = found["pieces"], found["asked"], found["known"]
    train = np.concatenate([np.arange(start, stop) for part, start, stop in pieces if part == 0])
    seen = torch.tensor(standardised(found["seen"], found["seen"][train], found["scaled"]), dtype=torch.float32)
    if asked.dtype.kind == "f":
        goal, spread = asked[train][known[train]].mean(), asked[train][known[train]].std()
        answers = torch.tensor(np.where(known, (asked - goal) / spread, 0.0), dtype=torch.float32)
    else:
        answers = torch.tensor(asked, dtype=torch.int64)
    return Moments(seen, answers, known, pieces)


@cache
def starts_of(file: Path, split: Split, lag: int) -> Tensor:
    """The first moments of all windows of a part: see `starts`."""
    return starts(moments_of(file), split, lag)


def starts(moments: Moments, split: Split, lag: int) -> Tensor:
    """The first moments of all windows of a part, in whose second halves everything that is asked is known."""
    unknown = np.concatenate([[0], np.cumsum(~moments.known)])
    ends = [np.arange(start, stop - lag + 1) for part, start, stop in moments.pieces if SPLITS[part] == split]
    first = np.concatenate([np.empty(0, int), *ends])
    return torch.from_numpy(first[unknown[first + lag] == unknown[first + lag // 2]])
