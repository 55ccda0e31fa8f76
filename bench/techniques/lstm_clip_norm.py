"""LSTM with gradient clipping: the pair that practice uses."""

from torch import Tensor

from bench.engine import clipping, lstm
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Dial, Technique


class LSTMClipNorm(Technique):
    """The LSTM, its gradient clipped by norm."""

    name = "lstm-clip-norm"
    title = "LSTM + norm clipping"
    family = "gated"
    source_row = "gated"
    changes = "the cell of lstm and the gradient of clip-norm"
    reference = "Hochreiter & Schmidhuber 1997; Pascanu, Mikolov & Bengio 2013"
    threshold = Dial(1.0, sweep=(100.0, 10.0, 1.0, 0.1, 0.01))

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return lstm.LSTM(members, inputs, hidden)

    def clip(self, gradients: list[Tensor], norms: Tensor) -> Tensor:
        return clipping.clip_by_norm(gradients, norms, self.threshold)
