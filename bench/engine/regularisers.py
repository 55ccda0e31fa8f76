"""Penalties on gradients that shrink or grow on their way back in time."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.engine.probe import Trajectory
from bench.engine.recurrence import Recurrence


def omega(trajectory: Trajectory) -> Tensor:
    """Compute Pascanu's Ω of a tanh recurrence h' = tanh(U x + W h + b), for each member: (E,).

    Ω = Σ_k (‖∂L/∂h_{k+1} · ∂h_{k+1}/∂h_k‖ / ‖∂L/∂h_{k+1}‖ − 1)², the mean over sequences (Pascanu, Mikolov & Bengio
    2013, eq. 9). Only the immediate derivative with respect to W enters its gradient (eq. 10): states and gradients
    are constants. A step that no gradient reaches does not count.
    """
    assert isinstance(trajectory.layer, Recurrence)
    h, given = trajectory.states["h"][:, 1:].detach(), trajectory.gradients["h"][:, 1:]
    before = (given * (1 - h.square())) @ trajectory.layer.recurrent_weight.mT.unsqueeze(1)
    size = torch.linalg.vector_norm(given, dim=-1)
    ratio = torch.linalg.vector_norm(before, dim=-1) / size.where(size > 0, 1)
    return ((ratio - 1).square() * (size > 0)).sum(1).mean(1)
