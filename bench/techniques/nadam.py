"""Adam with Nesterov momentum."""

from bench.techniques.tanh_network import TanhNetwork


class NAdam(TanhNetwork):
    """Adam whose step looks ahead: the mean gradient is the one that the next update would start from."""

    name = "nadam"
    title = "Tanh RNN, NAdam"
    called = "NAdam"
    family = "optimiser"
    changes = "the optimiser: Adam with Nesterov's momentum"
    reference = "Dozat 2016"
    optimizer = "nadam"
