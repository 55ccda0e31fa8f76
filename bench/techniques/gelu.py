"""The Gaussian error linear unit."""

from bench.engine.elman import Elman
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Technique


class GELU(Technique):
    """h_t = a Φ(a), a = U x_t + W h_{t−1} + b, with Φ the normal distribution function. Nothing bounds it.

    It is not monotone, so that its value does not tell its derivative: the gradient comes from autograd, which
    costs time that the function itself would not.
    """

    name = "gelu"
    title = "GELU RNN"
    called = "GELU"
    family = "activation"
    changes = "the activation: a Φ(a) instead of tanh"
    reference = "Hendrycks & Gimpel 2016"

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return Elman(members, inputs, hidden, activation="gelu")
