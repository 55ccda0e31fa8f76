"""The baseline from recurrent weights of a given spectral radius."""

from bench.techniques.at_radius import AtRadius


class SpectralRadius(AtRadius):
    """The tanh network with W of a given spectral radius at the start; at 1 the gradient nearly keeps its norm."""

    name = "spectral-radius"
    title = "Tanh RNN, spectral radius"
    family = "initialisation"
    changes = "the recurrent weights at the start: scaled to a spectral radius"
    reference = "Pascanu, Mikolov & Bengio 2013, section 2.1; Jaeger 2001"
    activation = "tanh"
