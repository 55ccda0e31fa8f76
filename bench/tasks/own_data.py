"""Tasks that are made from a user's file: the parts that such tasks share, whatever the file holds."""

from __future__ import annotations

from abc import ABC
from functools import cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from bench.tasks.base import Split, Task

ARRAYS = "data.npz"
"""The file of arrays beside the module of a task."""
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
SPLIT_SHARES = (0.7, 0.15, 0.15)
"""Shares of a file for training, validation and the test."""
FEWEST = 10
"""Fewest windows or sequences of a held-out part: fewer tell nothing."""


class OwnData(Task, ABC):
    """A task that is made from a user's file.

    `bptt-bench run --data` writes a module with a subclass, and the arrays beside it. How they were made counts in the
    task's hash, and so does the file's content.
    """

    made_from: ClassVar[str]
    """The name of the file, and the SHA-256 of its content."""
    reference = "a file of one's own"
    levels: ClassVar[dict[str, float]]
    """The metric of trivial answers on the whole test part, by what they are: constant, last value, season."""

    def trivial_level(self, lag: int) -> float:
        """The best of the trivial answers."""
        return best_of(self.levels, self.higher_is_better)


def best_of(levels: dict[str, float], higher_is_better: bool) -> float:
    """The best of some levels."""
    return (max if higher_is_better else min)(levels.values())


@cache
def arrays(file: Path) -> dict[str, np.ndarray]:
    """The arrays of a task, by name; read once in a process."""
    with np.load(file, allow_pickle=False) as found:
        return {name: found[name] for name in found.files}


def standardised(values: np.ndarray, known: np.ndarray, scaled: np.ndarray) -> np.ndarray:
    """Values (…, C) in units of the deviation of the known ones (M, C) from their mean, where `scaled` (C,) says so.

    A feature that does not change among the known ones is only shifted. A value that is missing becomes the mean, 0.
    """
    shift = np.where(scaled, np.nanmean(known, axis=0), 0.0)
    deviation = np.nanstd(known, axis=0)
    return np.nan_to_num((values - shift) / np.where(scaled & (deviation > 0), deviation, 1.0), nan=0.0)
