"""Adam with decoupled weight decay."""

from bench.techniques.tanh_network import TanhNetwork


class AdamW(TanhNetwork):
    """Adam's step, and beside it θ ← (1 − 0.01 η) θ: the decay is not scaled by the gradients' size."""

    name = "adamw"
    title = "Tanh RNN, AdamW"
    called = "AdamW"
    family = "optimiser"
    changes = "the optimiser: Adam with decoupled weight decay of 0.01"
    reference = "Loshchilov & Hutter 2019"
    optimizer = "adamw"
