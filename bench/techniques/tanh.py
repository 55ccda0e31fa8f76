"""The baseline."""

from bench.techniques.base import Technique


class Tanh(Technique):
    """h_t = tanh(U x_t + W h_{t−1} + b), trained by full back-propagation through time."""

    name = "tanh"
    title = "Tanh RNN"
    family = "baseline"
    changes = "nothing: it is the baseline"
    reference = "Elman 1990; BPTT: Werbos 1990"
