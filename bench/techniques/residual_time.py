"""A residual connection over time."""

from bench.engine.elman import Elman
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Dial, Technique


class ResidualTime(Technique):
    """h_t = h_{t−1} + ε tanh(U x_t + W h_{t−1} + b): the state skips the nonlinearity.

    With ε = 1 the state's norm grows with the length T; ε near 1/T keeps it level. It is FastRNN with its
    two learned weights fixed at 1 and ε.
    """

    name = "residual-time"
    title = "Residual over time"
    called = "the residual over time"
    family = "residual"
    source_row = "residual"
    changes = "the state: the old one is added to ε times the new"
    reference = "Kusupati et al. 2018 (FastRNN)"
    scale = Dial(0.1, sweep=(1.0, 0.3, 0.1, 0.03, 0.01))

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return Elman(members, inputs, hidden, carry=1.0, scale=self.scale)
