"""The rectified linear activation."""

from bench.engine.elman import Elman
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Technique


class ReLU(Technique):
    """h_t = max(0, U x_t + W h_{t−1} + b), weights drawn as the baseline's. Nothing bounds it: it may diverge."""

    name = "relu"
    title = "ReLU RNN"
    called = "ReLU"
    family = "relu"
    source_row = "relu"
    changes = "the activation: max(0, ·) instead of tanh"
    reference = "Nair & Hinton 2010; in recurrent networks: Talathi & Vartak 2015"

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return Elman(members, inputs, hidden, activation="relu")
