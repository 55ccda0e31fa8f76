"""Stochastic gradient descent with momentum."""

from bench.techniques.tanh_network import TanhNetwork


class SGD(TanhNetwork):
    """v ← 0.9 v + g, θ ← θ − η v: one rate for all weights, whatever the size of their gradients.

    Adam's step has about the size of its rate, this one's is the gradient's: it is tried at rates ten times as high.
    """

    name = "sgd"
    title = "Tanh RNN, SGD"
    called = "SGD"
    family = "optimiser"
    changes = "the optimiser: stochastic gradient descent with momentum 0.9"
    rate_factor = 10.0
    reference = "Polyak 1964; in recurrent networks: Sutskever et al. 2013"
    optimizer = "sgd"
