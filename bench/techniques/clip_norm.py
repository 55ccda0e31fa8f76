"""Gradient clipping by norm."""

from torch import Tensor

from bench.engine import clipping
from bench.techniques.base import Dial
from bench.techniques.tanh_network import TanhNetwork


class ClipNorm(TanhNetwork):
    """g ← g · min(1, θ / ‖g‖), the norm over all parameters of a member."""

    name = "clip-norm"
    title = "Clipping by norm"
    called = "clipping by norm"
    family = "clipping"
    source_row = "clipping"
    changes = "the gradient: scaled down to a maximum norm"
    reference = "Pascanu, Mikolov & Bengio 2013, algorithm 1"
    threshold = Dial(1.0, sweep=(100.0, 10.0, 1.0, 0.1, 0.01))

    def clip(self, gradients: list[Tensor], norms: Tensor) -> Tensor:
        return clipping.clip_by_norm(gradients, norms, self.threshold)
