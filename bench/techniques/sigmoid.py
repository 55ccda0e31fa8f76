"""The logistic activation."""

from bench.engine.elman import Elman
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Technique


class Sigmoid(Technique):
    """h_t = σ(U x_t + W h_{t−1} + b): its derivative is at most 1/4, tanh's at most 1."""

    name = "sigmoid"
    title = "Sigmoid RNN"
    called = "sigmoid"
    family = "activation"
    changes = "the activation: the logistic function instead of tanh"
    reference = "Bengio, Simard & Frasconi 1994"

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return Elman(members, inputs, hidden, activation="sigmoid")
