"""Long short-term memory."""

from bench.engine import lstm
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Dial, Technique


class LSTM(Technique):
    """c_t = f ∘ c_{t−1} + i ∘ g, h_t = o ∘ tanh(c_t), with gates i, f, o = σ(·) and g = tanh(·).

    The forget gate's bias b_f decides how much of the cell is kept at the start: f ≈ σ(b_f) a step.
    """

    name = "lstm"
    title = "LSTM"
    called = "LSTM"
    family = "gated"
    source_row = "gated"
    changes = "the cell: a memory with input, forget and output gates"
    reference = (
        "Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins 2000; its bias: Jozefowicz et al. 2015"
    )
    forget_bias = Dial(1.0, sweep=(0.0, 1.0, 2.0, 4.0), least=0.0)

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return lstm.LSTM(members, inputs, hidden, self.forget_bias)
