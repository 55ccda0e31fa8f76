"""The product of a sequence with a matrix of each member's."""

import torch
from torch import Tensor


def product(x: Tensor, weight: Tensor) -> Tensor:
    """Multiply x W for each member, in one product for all steps: (E, T, B, I), (E, I, O) → (E, T, B, O)."""
    members, steps, batch, features = x.shape
    return torch.bmm(x.reshape(members, steps * batch, features), weight).view(members, steps, batch, -1)
