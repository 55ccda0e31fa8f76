"""The leaky rectified linear activation."""

from bench.engine import activation
from bench.engine.elman import Elman
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Dial, Technique


class LeakyReLU(Technique):
    """h_t = max(0, a) + s · min(0, a), a = U x_t + W h_{t−1} + b: no unit dies, and nothing bounds it."""

    name = "leaky-relu"
    title = "Leaky ReLU RNN"
    called = "leaky ReLU"
    family = "activation"
    changes = "the activation: a above 0 and s · a below, instead of tanh"
    reference = "Maas, Hannun & Ng 2013"
    slope = Dial(0.01, sweep=(0.3, 0.1, 0.01))

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return Elman(members, inputs, hidden, activation=activation.leaky_relu(self.slope))
