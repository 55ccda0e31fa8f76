"""Long short-term memory."""

from bench.engine import lstm
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Technique


class LSTM(Technique):
    """c_t = f ∘ c_{t−1} + i ∘ g, h_t = o ∘ tanh(c_t), with gates i, f, o = σ(·) and g = tanh(·); forget bias 1."""

    name = "lstm"
    title = "LSTM"
    family = "gated"
    source_row = "gated"
    changes = "the cell: a memory with input, forget and output gates"
    reference = "Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins 2000"

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return lstm.LSTM(members, inputs, hidden)
