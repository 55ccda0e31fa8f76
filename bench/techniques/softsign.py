"""The softsign activation."""

from bench.engine.elman import Elman
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Technique


class Softsign(Technique):
    """h_t = a / (1 + |a|), a = U x_t + W h_{t−1} + b: bounded as tanh, but it saturates as 1/a², not exponentially."""

    name = "softsign"
    title = "Softsign RNN"
    called = "softsign"
    family = "activation"
    changes = "the activation: a / (1 + |a|) instead of tanh"
    reference = "Bergstra et al. 2009; Glorot & Bengio 2010"

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return Elman(members, inputs, hidden, activation="softsign")
