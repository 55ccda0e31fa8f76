"""A regulariser against vanishing gradients."""

import torch
from torch import Tensor

from bench.engine.probe import Trajectory
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Dial
from bench.techniques.tanh_network import TanhNetwork


class Omega(TanhNetwork):
    """Ω = Σ_k (‖∂L/∂h_{k+1} · ∂h_{k+1}/∂h_k‖ / ‖∂L/∂h_{k+1}‖ − 1)²: gradients are to keep their norm on their way.

    Of Ω's derivative the immediate one is followed, to the recurrent weights (eq. 10). A step without a gradient does
    not count.
    """

    name = "omega"
    title = "Tanh RNN + Ω"
    family = "regulariser"
    changes = "the loss: a penalty on gradients that shrink or grow from one step to the one before"
    reference = "Pascanu, Mikolov & Bengio 2013, eq. 9"
    weight = Dial(1.0, sweep=(4.0, 1.0, 0.1))

    def penalty(self, trajectories: list[Trajectory]) -> Tensor:
        (way,) = trajectories
        assert isinstance(way.layer, Recurrence)
        h, given = way.states["h"][:, 1:].detach(), way.gradients["h"][:, 1:]
        before = (given * (1 - h.square())) @ way.layer.recurrent_weight.mT.unsqueeze(1)
        size = torch.linalg.vector_norm(given, dim=-1)
        ratio = torch.linalg.vector_norm(before, dim=-1) / size.where(size > 0, 1)
        return self.weight * ((ratio - 1).square() * (size > 0)).sum(1).mean(1)
