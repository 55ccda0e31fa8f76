"""The real-gated linear recurrent unit."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn
from torch.autograd.function import once_differentiable

from bench.engine.layer import Initialisation
from bench.engine.linear import project
from bench.engine.linear_recurrence import LinearRecurrence
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Dial, Technique

SHARPNESS = 8.0
"""c of the paper: a gate's range is from a^c to 1."""
STEEPEST = 1000.0
"""The root's derivative is cut there, as in the authors' code: where a gate is 1 it would be infinite."""


class Root(torch.autograd.Function):
    """√x, with a derivative of at most `STEEPEST`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        root = x.sqrt()
        ctx.save_for_backward(root)
        return root

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (root,) = ctx.saved_tensors
        return gradient / (2 * root).clamp(min=1 / STEEPEST)


class RealGatedCell(LinearRecurrence):
    """h' = a ∘ h + √(1 − a²) ∘ i ∘ u, log a = −c r ∘ softplus(Λ), r, i = σ(u W + w), u = x U + b; W's blocks r, i."""

    def __init__(self, members: int, inputs: int, hidden: int, least: float, most: float) -> None:
        super().__init__(members, inputs, hidden)
        self.gate_weight = nn.Parameter(torch.empty(members, hidden, 2 * hidden))
        self.gate_bias = nn.Parameter(torch.empty(members, 2 * hidden))
        self.decay = nn.Parameter(torch.empty(members, hidden))
        self.least, self.most = least, most

    @torch.no_grad()
    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw Λ so that a, where its gate r is 1, is uniform in the paper's ring; W from N(0, 1/H), biases 0."""
        super().reset(member, generator, scheme)
        self.gate_weight[member].normal_(0, self.hidden**-0.5, generator=generator("gates"))
        self.gate_bias[member].zero_()
        squared = torch.empty(self.hidden).uniform_(self.least**2, self.most**2, generator=generator("radius"))
        self.decay[member] = torch.expm1(-squared.log() / (2 * SHARPNESS)).log()

    def drive(self, x: Tensor) -> Tensor:
        """Put a and √(1 − a²) ∘ (i ∘ u) side by side: x (E, T, B, I) → (E, T, B, 2 H)."""
        u = super().drive(x)
        r, i = torch.sigmoid(project(u, self.gate_weight, self.gate_bias)).chunk(2, dim=-1)
        log_a = -SHARPNESS * r * F.softplus(self.decay)[:, None, None]
        root: Tensor = Root.apply(-torch.expm1(2 * log_a))
        return torch.cat([log_a.exp(), root * i * u], dim=-1)

    def floats_a_step(self, dtype: torch.dtype) -> int:
        """Count as for any layer, and three numbers a unit on the way from a gate to a and to its root."""
        return super().floats_a_step(dtype) + 3 * self.hidden


class RealGatedLRU(Technique):
    """h_t = a_t ∘ h_{t−1} + √(1 − a_t²) ∘ i_t ∘ u_t, log a_t = −8 r_t ∘ softplus(Λ), r_t, i_t = σ(W u_t + w), u = U x.

    Of Griffin's block there is the map U of the input alone, not its short convolution and its gated branch. The gates'
    matrices are whole, as with one head. σ(−Λ)^8, which is a where r is 1, starts in the ring that the paper gives; in
    its authors' later code σ(−Λ) itself does.
    """

    name = "rg-lru"
    title = "RG-LRU"
    family = "linear recurrence"
    changes = "the recurrence: linear and diagonal, how much is kept and written gated by the input"
    reference = "De et al. 2024 (Griffin), eq. 1–4"
    least = Dial(0.9, sweep=(0.5, 0.9, 0.99), least=0.0)
    most = Dial(0.999)

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return RealGatedCell(members, inputs, hidden, self.least, self.most)
