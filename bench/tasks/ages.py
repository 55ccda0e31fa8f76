"""Tasks whose answers say what came early and what came late."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor


class AsksByAge(ABC):
    """A task whose answer has parts, each about something that was shown at another time."""

    @property
    @abstractmethod
    def ages(self) -> int:
        """Number of the parts."""

    @abstractmethod
    def right_by_age(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The share of each part that is right, (E, ages), that which was shown first in front.

        outputs (E, scored, B, outputs), targets (E, scored, B); the mean over sequences, as a metric's.
        """
