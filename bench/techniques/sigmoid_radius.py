"""The sigmoid network from recurrent weights of a given spectral radius."""

from bench.techniques.at_radius import AtRadius
from bench.techniques.base import Dial


class SigmoidRadius(AtRadius):
    """h_t = σ(U x_t + W h_{t−1} + b), W of a given spectral radius at the start.

    σ' is at most 1/4, and less where the units saturate, as they do with larger weights.
    """

    name = "sigmoid-radius"
    title = "Sigmoid RNN, radius"
    family = "initialisation"
    changes = "the activation: the logistic function; the recurrent weights at the start: scaled to a spectral radius"
    reference = "Pascanu, Mikolov & Bengio 2013, section 2.1"
    activation = "sigmoid"
    radius = Dial(1.0, sweep=(0.5, 0.8, 0.95, 1.0, 1.2, 1.5, 2.0, 4.0, 8.0))
