"""Weights at the start that several techniques share."""

from __future__ import annotations

import torch
from torch import Tensor


@torch.no_grad()
def scale_to_radius(weight: Tensor, radius: float) -> None:
    """W ← W ρ / max |λ(W)| in place, for one member's square matrix (H, H)."""
    weight *= radius / torch.linalg.eigvals(weight.double()).abs().max()
