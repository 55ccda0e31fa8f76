"""RMSprop."""

from bench.techniques.tanh_network import TanhNetwork


class RMSprop(TanhNetwork):
    """s ← 0.99 s + 0.01 g², θ ← θ − η g / √s: each weight's step scaled by its gradients' size; no momentum."""

    name = "rmsprop"
    title = "Tanh RNN, RMSprop"
    called = "RMSprop"
    family = "optimiser"
    changes = "the optimiser: steps scaled by a running mean of squared gradients, without momentum"
    reference = "Tieleman & Hinton 2012; Graves 2013"
    optimizer = "rmsprop"
