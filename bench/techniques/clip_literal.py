"""Gradient clipping as the source sketches it."""

from torch import Tensor

from bench.engine import clipping
from bench.techniques.base import Dial
from bench.techniques.tanh_network import TanhNetwork


class ClipLiteral(TanhNetwork):
    """Elements of the gradient above θ become θ; those below −θ stay as they are, as in the source's sketch (S20)."""

    name = "clip-literal"
    title = "Clipping as sketched"
    called = "clipping as sketched"
    family = "clipping"
    source_row = "clipping"
    changes = "the gradient: each element clipped from above only"
    reference = "the source's code sketch, claim S20"
    threshold = Dial(1.0, sweep=(10.0, 1.0, 0.1, 0.01, 0.001))

    def clip(self, gradients: list[Tensor], norms: Tensor) -> Tensor:
        return clipping.clip_above(gradients, self.threshold)
