"""Adam with its early steps rectified."""

from bench.techniques.tanh_network import TanhNetwork


class RAdam(TanhNetwork):
    """Adam whose adaptive steps set in only once the variance of their denominator is known well enough."""

    name = "radam"
    title = "Tanh RNN, RAdam"
    called = "RAdam"
    family = "optimiser"
    changes = "the optimiser: Adam with rectified early steps"
    reference = "Liu et al. 2020"
    optimizer = "radam"
