"""The linear recurrent network: the plain twin of `spectral-radius`."""

from bench.engine.elman import Elman
from bench.engine.recurrence import Recurrence
from bench.techniques.spectral_radius import SpectralRadius


class Linear(SpectralRadius):
    """h_t = U x_t + W h_{t−1} + b, W of a given spectral radius: ∂h_T/∂h_t is a power of W, which nothing else shrinks.

    For equal seeds and radii its weights are those of `spectral-radius`, so what they differ by is tanh's derivative.
    """

    name = "linear"
    title = "Linear RNN"
    family = "activation"
    changes = "the activation: none in place of tanh; the weights are spectral-radius's"
    reference = "Pascanu, Mikolov & Bengio 2013, section 2.1"

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return Elman(members, inputs, hidden, activation="identity")
