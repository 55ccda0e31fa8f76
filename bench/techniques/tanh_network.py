"""The baseline's body, for techniques that change something else than the cell."""

from abc import ABC

from bench.engine.elman import Elman
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Technique


class TanhNetwork(Technique, ABC):
    """h_t = tanh(U x_t + W h_{t−1} + b): a subclass overrides another hook than `cell`."""

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        """The plain recurrence with tanh."""
        return Elman(members, inputs, hidden)
