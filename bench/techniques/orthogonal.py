"""The baseline from orthogonal recurrent weights."""

from bench.techniques.tanh_network import TanhNetwork


class Orthogonal(TanhNetwork):
    """The tanh network with Wᵀ W = I at the start, gain 1; not kept orthogonal in training."""

    name = "orthogonal"
    title = "Tanh RNN, orthogonal start"
    called = "an orthogonal start"
    family = "initialisation"
    changes = "the recurrent weights at the start: an orthogonal matrix"
    reference = "Saxe, McClelland & Ganguli 2014"
    initialisation = "orthogonal"
