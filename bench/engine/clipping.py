"""Gradient clipping for each member of a stack, after the backward pass and before the step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from bench.engine.native import native_norm, steps_natively


def global_norm(gradients: Sequence[Tensor]) -> Tensor:
    """The Euclidean norm over all parameters of each member: gradients (E, …) → (E,)."""
    if steps_natively(gradients):
        return native_norm(gradients)
    norms = [torch.linalg.vector_norm(g.flatten(1), dim=1) for g in gradients]
    return torch.linalg.vector_norm(torch.stack(norms), dim=0)


def clip_by_norm(gradients: Sequence[Tensor], norms: Tensor, limit: float) -> Tensor:
    """Scale each member's gradient down to the norm `limit` (Pascanu et al. 2013, algorithm 1), in place.

    Returns which members were clipped: (E,) bool.
    """
    factor = (limit / (norms + 1e-6)).clamp(max=1.0)
    for g in gradients:
        g.mul_(factor.view(-1, *[1] * (g.dim() - 1)))
    return norms > limit


def clip_by_value(gradients: Sequence[Tensor], limit: float) -> Tensor:
    """Cut every element to [−limit, limit], in place; returns which members were clipped: (E,) bool."""
    acted = _any(gradients, lambda g: g.abs() > limit)
    for g in gradients:
        g.clamp_(-limit, limit)
    return acted


def clip_above(gradients: Sequence[Tensor], limit: float) -> Tensor:
    """Cut only elements above +limit, in place: one-sided; returns which members were clipped: (E,) bool."""
    acted = _any(gradients, lambda g: g > limit)
    for g in gradients:
        g.clamp_(max=limit)
    return acted


def _any(gradients: Sequence[Tensor], test: Callable[[Tensor], Tensor]) -> Tensor:
    return torch.stack([test(g).flatten(1).any(1) for g in gradients]).any(0)
