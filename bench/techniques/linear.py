"""The linear recurrent network: the plain twin of `spectral-radius`."""

from bench.engine.elman import Elman
from bench.engine.recurrence import Recurrence
from bench.engine.starts import scale_to_radius
from bench.techniques.base import Dial, Technique


class Linear(Technique):
    """h_t = U x_t + W h_{t−1} + b, W of a given spectral radius: ∂h_T/∂h_t is a power of W, which nothing else shrinks.

    For equal seeds and radii its weights are those of `spectral-radius`, so what they differ by is tanh's derivative.
    """

    name = "linear"
    title = "Linear RNN"
    family = "activation"
    changes = "the activation: none instead of tanh; the weights of spectral-radius"
    reference = "Pascanu, Mikolov & Bengio 2013, section 2.1"
    radius = Dial(1.0, sweep=(0.5, 0.8, 0.95, 1.0, 1.2, 1.5, 2.0))
    initialisation = "default"

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return Elman(members, inputs, hidden, activation="identity")

    def initialise(self, member: int, seed: int) -> None:
        super().initialise(member, seed)
        for layer in self.layers:
            scale_to_radius(layer.get_parameter("recurrent_weight").data[member], self.radius)
