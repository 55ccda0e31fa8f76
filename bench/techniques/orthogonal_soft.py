"""A penalty on recurrent weights that are not orthogonal."""

import torch
from torch import Tensor

from bench.engine.recurrence import Recurrence
from bench.techniques.base import Dial
from bench.techniques.tanh_network import TanhNetwork


class OrthogonalSoft(TanhNetwork):
    """The loss grows by λ ‖WᵀW − I‖² (Frobenius), which is 0 where W is orthogonal; so it is at the start.

    In the limit of large λ it is `orthogonal` with a constraint, at λ = 0 `orthogonal` itself.
    """

    name = "orthogonal-soft"
    title = "Soft orthogonality"
    called = "soft orthogonality"
    family = "orthogonal"
    changes = "the loss: a penalty on recurrent weights that are not orthogonal; and an orthogonal start"
    reference = "Vorontsov et al. 2017"
    initialisation = "orthogonal"
    strength = Dial(1.0, sweep=(10.0, 1.0, 0.1))

    def accumulate(self, inputs: Tensor, targets: Tensor) -> Tensor:
        losses = self.full_bptt(inputs, targets)
        (layer,) = self.layers
        assert isinstance(layer, Recurrence)
        (self.strength * distance(layer.recurrent_weight)).sum().backward()
        return losses


def distance(weight: Tensor) -> Tensor:
    """Compute ‖WᵀW − I‖² of each member, (E,), for weight (E, H, H)."""
    identity = torch.eye(weight.shape[-1], dtype=weight.dtype, device=weight.device)
    return (weight.mT @ weight - identity).square().sum((1, 2))
