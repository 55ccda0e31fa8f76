"""Gradient clipping by value."""

from torch import Tensor

from bench.engine import clipping
from bench.techniques.base import Dial
from bench.techniques.tanh_network import TanhNetwork


class ClipValue(TanhNetwork):
    """Every element of the gradient cut to [−θ, θ]."""

    name = "clip-value"
    title = "Clipping by value"
    called = "clipping by value"
    family = "clipping"
    source_row = "clipping"
    changes = "the gradient: each element clipped to an interval around 0"
    reference = "Mikolov 2012"
    threshold = Dial(1.0, sweep=(10.0, 1.0, 0.1, 0.01, 0.001))

    def clip(self, gradients: list[Tensor], norms: Tensor) -> Tensor:
        return clipping.clip_by_value(gradients, self.threshold)
