"""The diagonal linear recurrence, with or without negative factors."""

import torch
from torch import Tensor

from bench.engine.linear_recurrence import LinearRecurrence
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Dial, Situation, Technique


class DiagonalCell(LinearRecurrence):
    """h' = λ ∘ h + u with λ = least + (1 − least) σ(a), from x U + b in the blocks a, u."""

    blocks = 2

    def __init__(self, members: int, inputs: int, hidden: int, least: float) -> None:
        super().__init__(members, inputs, hidden)
        self.least = least

    def drive(self, x: Tensor) -> Tensor:
        """Put λ and u side by side: x (E, T, B, I) → (E, T, B, 2 H)."""
        a, u = super().drive(x).chunk(2, dim=-1)
        return torch.cat([self.least + (1 - self.least) * torch.sigmoid(a), u], dim=-1)

    def floats_a_step(self, dtype: torch.dtype) -> int:
        """Count as for any layer, and the factor's way from its block."""
        return super().floats_a_step(dtype) + self.hidden


class DiagonalRNN(Technique):
    """h_t = λ_t ∘ h_{t−1} + u_t, λ_t = least + (1 − least) σ(a_t), with a_t and u_t from x_t alone.

    From 0 on, factors can keep and forget; from −1 on they can also turn a state's sign, which parity takes. At −1, λ
    is a hyperbolic tangent of half the input's product.
    """

    name = "diagonal"
    title = "Diagonal linear RNN"
    called = "the diagonal linear RNN"
    family = "linear recurrence"
    changes = "the recurrence: linear and diagonal, its factors from the input alone"
    reference = "Grazzi et al. 2025, section 3"
    least = Dial(0.0, sweep=(0.0, -1.0), least=-1.0)

    @classmethod
    def skip(cls, situation: Situation) -> str | None:
        """Decline factors that could only grow."""
        least = situation.dials["least"]
        return f"the least factor has to lie below 1, not at {least:g}" if least >= 1 else None

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return DiagonalCell(members, inputs, hidden, self.least)
