"""The baseline."""

from bench.techniques.tanh_network import TanhNetwork


class Tanh(TanhNetwork):
    """h_t = tanh(U x_t + W h_{t−1} + b), trained by full back-propagation through time."""

    name = "tanh"
    title = "Tanh RNN"
    called = "tanh"
    family = "baseline"
    changes = "nothing: it is the baseline"
    reference = "Elman 1990; BPTT: Werbos 1990"
