"""Pascanu's regulariser with clipping: his remedies for gradients that vanish and for gradients that explode."""

from torch import Tensor

from bench.engine import clipping, regularisers
from bench.engine.probe import Trajectory
from bench.techniques.base import Dial
from bench.techniques.tanh_network import TanhNetwork


class OmegaClipNorm(TanhNetwork):
    """The loss grows by λ Ω, and its gradient, Ω's included, is clipped by norm."""

    name = "omega-clip-norm"
    title = "Ω + norm clipping"
    family = "regulariser"
    changes = "the loss of omega and the gradient of clip-norm"
    reference = "Pascanu, Mikolov & Bengio 2013, section 3.3 (SGD-CR)"
    weight = Dial(1.0, sweep=(4.0, 1.0, 0.1))
    threshold = Dial(1.0, sweep=(10.0, 1.0, 0.1))

    def penalty(self, trajectories: list[Trajectory]) -> Tensor:
        (trajectory,) = trajectories
        return self.weight * regularisers.omega(trajectory)

    def clip(self, gradients: list[Tensor], norms: Tensor) -> Tensor:
        return clipping.clip_by_norm(gradients, norms, self.threshold)
