"""The ReLU network from recurrent weights of a given spectral radius."""

from bench.techniques.at_radius import AtRadius
from bench.techniques.base import Dial


class ReLURadius(AtRadius):
    """h_t = max(0, U x_t + W h_{t−1} + b), W of a given spectral radius at the start.

    Half of the units are inactive at a time, so that a gradient keeps its norm near ρ = √2 (He et al. 2015, eq. 10).
    """

    name = "relu-radius"
    title = "ReLU RNN, radius"
    family = "initialisation"
    changes = "the activation: max(0, ·) instead of tanh; the recurrent weights at the start: scaled to a radius"
    reference = "He et al. 2015; Pascanu, Mikolov & Bengio 2013, section 2.1"
    activation = "relu"
    radius = Dial(1.41, sweep=(0.5, 0.8, 0.95, 1.0, 1.2, 1.41, 1.5, 2.0))
