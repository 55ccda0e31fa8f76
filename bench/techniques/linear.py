"""The linear recurrent network: the plain twin of those with an activation."""

from bench.techniques.at_radius import AtRadius


class Linear(AtRadius):
    """h_t = U x_t + W h_{t−1} + b, W of a given spectral radius: ∂h_T/∂h_t is a power of W, which nothing else shrinks.

    What networks with an activation differ by, for equal seeds and radii, is the activation's derivative.
    """

    name = "linear"
    title = "Linear RNN"
    family = "activation"
    changes = "the activation: none instead of tanh; the weights of spectral-radius"
    reference = "Pascanu, Mikolov & Bengio 2013, section 2.1"
    activation = "identity"
