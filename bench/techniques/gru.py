"""The gated recurrent unit."""

from bench.engine import gru
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Technique


class GRU(Technique):
    """h_t = (1 − z) ∘ n + z ∘ h_{t−1}, n = tanh(U x_t + r ∘ (W h_{t−1})): reset gate after the product; biases 0."""

    name = "gru"
    title = "GRU"
    called = "GRU"
    family = "gated"
    source_row = "gated"
    changes = "the cell: update and reset gates on the state"
    reference = "Cho et al. 2014"

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return gru.GRU(members, inputs, hidden)
