"""The selective state space model."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from bench.engine.layer import Initialisation, State
from bench.engine.linear import project
from bench.engine.native import runs_natively
from bench.engine.product import product
from bench.engine.recurrence import Recurrence
from bench.engine.rerun import Rerun
from bench.engine.selective_scan import selective_scan
from bench.techniques.base import Dial, Technique

SHORTEST, LONGEST = 0.001, 0.1
"""Bounds of a unit's step Δ at the start."""
UNITS_A_RANK = 16
"""The units for each of the numbers that their Δ are made of: the authors' choice of a rank."""


class SelectiveCell(Rerun):
    """h' = exp(Δ A) ∘ h + Δ u B, y = (C h + D ∘ u) ∘ SiLU(z); u = SiLU(x U + b), z = x U_z + b_z; blocks u, z.

    Δ = softplus(u W_r W_Δ + b_Δ), B = u W_B and C = u W_C; W_r, W_B, W_C are side by side. A = −e^α is real. Each of
    the H units has N numbers in its state: h is (E, B, N · H), units within.
    """

    blocks = 2
    recurrent = ()  # exp(Δ A) < 1 by its form: no gain may change that

    def __init__(self, members: int, inputs: int, hidden: int, numbers: int) -> None:
        super().__init__(members, inputs, hidden)
        self.numbers, self.rank = numbers, math.ceil(hidden / UNITS_A_RANK)
        self.select_weight = nn.Parameter(torch.empty(members, hidden, self.rank + 2 * numbers))
        self.step_weight = nn.Parameter(torch.empty(members, self.rank, hidden))
        self.step_bias, self.skip = (nn.Parameter(torch.empty(members, hidden)) for _ in range(2))
        self.log_decay = nn.Parameter(torch.empty(members, numbers * hidden))

    @torch.no_grad()
    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Set A = −1, …, −N and D = 1, and draw b_Δ so that softplus(b_Δ) is log-uniform between its bounds.

        The maps are drawn from U(−1/√inputs, 1/√inputs), as torch's Linear and the authors' W_Δ.
        """
        super().reset(member, generator, scheme)
        for name, weight in (("select", self.select_weight), ("step", self.step_weight)):
            bound = weight.shape[1] ** -0.5
            weight[member].uniform_(-bound, bound, generator=generator(name))
        log_step = torch.empty(self.hidden).uniform_(
            math.log(SHORTEST), math.log(LONGEST), generator=generator("step bias")
        )
        self.step_bias[member] = log_step.exp().expm1().log()
        self.log_decay[member] = torch.arange(1.0, self.numbers + 1).log().repeat_interleave(self.hidden)
        self.skip[member] = 1.0

    @property
    def state_size(self) -> int:
        """Count N numbers a unit."""
        return self.numbers * self.hidden

    def selected(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute u, z, Δ (E, T, B, H) and B, C (E, T, B, N)."""
        u, z = super().drive(x).chunk(2, dim=-1)
        u = F.silu(u)
        low, b, c = product(u, self.select_weight).split([self.rank, self.numbers, self.numbers], dim=-1)
        return u, z, F.softplus(project(low, self.step_weight, self.step_bias)), b, c

    def drive(self, x: Tensor) -> Tensor:
        """Put Δ, Δ u and B side by side: x (E, T, B, I) → (E, T, B, 2 H + N)."""
        u, _, step, b, _ = self.selected(x)
        return torch.cat([step, step * u, b], dim=-1)

    def step(self, drive: Tensor, state: State) -> State:
        (h,) = state
        step, value, b = drive.split([self.hidden, self.hidden, self.numbers], dim=-1)
        factor = torch.exp(step.repeat(1, 1, self.numbers) * -self.log_decay.exp().unsqueeze(1))
        return (factor * h + (b.unsqueeze(-1) * value.unsqueeze(-2)).flatten(2),)

    def fallback(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Scan by the kernel where it runs, which gives C h (E, T, B, H) in place of the states."""
        if not runs_natively(x):
            return super().fallback(x, state)
        u, _, step, b, c = self.selected(x)
        y, end = selective_scan(step, step * u, b, c, -self.log_decay.exp(), state[0])
        return y, (end,)

    def read(self, states: Tensor, x: Tensor) -> Tensor:
        """Map states, or what the kernel has read of them, to the outputs."""
        u, z, _, _, c = self.selected(x)
        if states.shape[-1] == self.state_size:
            states = (states.unflatten(-1, (self.numbers, self.hidden)) * c.unsqueeze(-1)).sum(-2)
        return torch.addcmul(states, u, self.skip[:, None, None]) * F.silu(z)


class Mamba(Technique):
    """h_t = exp(Δ_t A) ∘ h_{t−1} + Δ_t u_t B_t, y_t = (C_t h_t + D ∘ u_t) ∘ SiLU(z_t); Δ, B and C from u = SiLU(U x).

    Each unit has N numbers in its state, whose decay and whose reading depend on the input: S6. Of the paper's block
    there are the map of the input, its activation and the gate z; there is no short convolution, no widening to twice
    the units, and no residual connection.
    """

    name = "mamba"
    title = "Mamba"
    family = "linear recurrence"
    changes = (
        "the recurrence: linear and diagonal, with several numbers a unit, kept, written and read as the input says"
    )
    reference = "Gu & Dao 2023"
    numbers = Dial(16, sweep=(4, 16), least=2, whole=True)

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return SelectiveCell(members, inputs, hidden, self.numbers)
