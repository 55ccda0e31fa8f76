"""Keys that identify results, instead of tuples and of lists of columns that are written out."""

from __future__ import annotations

from typing import NamedTuple


class Cell(NamedTuple):
    """A task at one of its lags."""

    task: str
    lag: int


class SettingKey(NamedTuple):
    """A technique in a cell: it names a setting within one arm, where each task has one protocol."""

    technique: str
    task: str
    lag: int

    @property
    def cell(self) -> Cell:
        """The task and the lag."""
        return Cell(self.task, self.lag)
