"""Recurrences whose matrix is not a parameter but is built from one."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor

from bench.engine.layer import State
from bench.engine.recurrence import Recurrence


class BuiltMatrix(Recurrence):
    """A recurrence with a matrix W (E, H, H) that a subclass builds, once for all steps of a call."""

    _held: Tensor | None = None

    @abstractmethod
    def build(self) -> Tensor:
        """Build W from the parameters."""

    def matrix(self) -> Tensor:
        """Return W, (E, H, H)."""
        return self.build() if self._held is None else self._held

    def forward(self, x: Tensor, state: State | None = None, last: int | None = None) -> tuple[Tensor, State]:
        """Run like every recurrence, with W held."""
        self._held = self.build()
        try:
            return super().forward(x, state, last)
        finally:
            self._held = None
