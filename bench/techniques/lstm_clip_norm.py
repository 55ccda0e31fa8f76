"""LSTM with gradient clipping: the pair that practice uses."""

from bench.engine import lstm
from bench.engine.recurrence import Recurrence
from bench.techniques.clip_norm import ClipNorm


class LSTMClipNorm(ClipNorm):
    """The LSTM, its gradient clipped by norm."""

    name = "lstm-clip-norm"
    title = "LSTM + clipping by norm"
    family = "gated"
    source_row = "gated"
    changes = "the cell as lstm's and the gradient as clip-norm's"
    reference = "Hochreiter & Schmidhuber 1997; Pascanu, Mikolov & Bengio 2013"

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return lstm.LSTM(members, inputs, hidden)
