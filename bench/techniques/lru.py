"""The linear recurrent unit."""

import math
from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn

from bench.engine.gated_block import GatedBlock, blocks
from bench.engine.layer import Initialisation, Layer, State
from bench.engine.product import product
from bench.engine.recurrence import Recurrence
from bench.engine.scan import scan
from bench.techniques.base import Dial, Technique

LARGEST_PHASE = 2 * math.pi


class RingBlock(GatedBlock):
    """h' = λ ∘ h + e^γ ∘ (n B), y = Re(h C) + D ∘ n, with n = norm(x) and λ = exp(−e^ν + i e^θ), one a unit.

    The real and the imaginary parts of B's columns (E, H, 2 H), and the real parts of C's rows and the negated
    imaginary ones (E, 2 H, H), take turns.
    """

    complex_states = True

    def __init__(self, members: int, hidden: int, least: float, most: float) -> None:
        super().__init__(members, hidden)
        self.input_weight = nn.Parameter(torch.empty(members, hidden, 2 * hidden))
        self.output_weight = nn.Parameter(torch.empty(members, 2 * hidden, hidden))
        self.nu, self.theta, self.gamma, self.skip = (nn.Parameter(torch.empty(members, hidden)) for _ in range(4))
        self.least, self.most = least, most

    @torch.no_grad()
    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw λ uniformly from the ring least ≤ |λ| ≤ most, B and C by Glorot's rule, D from N(0, 1) (appendix A)."""
        super().reset(member, generator, scheme)
        squared = torch.empty(self.hidden).uniform_(self.least**2, self.most**2, generator=generator("radius"))
        phase = torch.empty(self.hidden).uniform_(0, LARGEST_PHASE, generator=generator("phase"))
        self.nu[member], self.theta[member] = (-squared.log() / 2).log(), phase.log()
        self.gamma[member] = (1 - squared).log() / 2
        self.input_weight[member].normal_(0, (2 * self.hidden) ** -0.5, generator=generator("input"))
        self.output_weight[member].normal_(0, self.hidden**-0.5, generator=generator("output"))
        self.skip[member].normal_(generator=generator("skip"))

    @property
    def factors(self) -> Tensor:
        """Compute λ, (E, 1, H)."""
        return torch.polar((-self.nu.exp()).exp(), self.theta.exp()).unsqueeze(1)

    def drive(self, x: Tensor) -> Tensor:
        weight = self.input_weight * self.gamma.exp().repeat_interleave(2, dim=-1).unsqueeze(1)
        return torch.view_as_complex(product(self.norm(x), weight).unflatten(-1, (self.hidden, 2)))

    def step(self, drive: Tensor, state: State) -> State:
        (h,) = state
        return (self.factors * h + drive,)

    def unroll(self, drive: Tensor, state: State) -> tuple[Tensor, State]:
        states = scan(self.factors.unsqueeze(1), drive, state[0])
        return states, (states[:, -1],)

    def read(self, states: Tensor, x: Tensor) -> Tensor:
        y = product(torch.view_as_real(states).flatten(3), self.output_weight)
        return self.close(torch.addcmul(y, self.norm(x), self.skip[:, None, None]), x)


class LRU(Technique):
    """h_t = λ ∘ h_{t−1} + e^γ ∘ (B x_t), y_t = Re(C h_t) + D ∘ x_t, λ = exp(−e^ν + i e^θ) on a ring in the unit disc.

    The recurrence is linear in its inputs: alone it could not tell a marked number from others. So it stands in the
    paper's block (normalised first, gated afterwards, with a residual connection; no dropout), on an embedding of the
    input; the second block sums what the first has told apart. ν, θ and γ move at half the rate.
    """

    name = "lru"
    title = "LRU"
    family = "linear recurrence"
    changes = "the recurrence: linear, diagonal and complex, in two of the paper's blocks"
    reference = "Orvieto et al. 2023"
    parameter_rates: ClassVar = {"nu": 0.5, "theta": 0.5, "gamma": 0.5}
    depth = Dial(2, sweep=(4, 2, 1), whole=True)
    least = Dial(0.9, sweep=(0.0, 0.5, 0.9), least=0.0)
    most = Dial(0.999)

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return RingBlock(members, hidden, self.least, self.most)

    def layers_of(self, members: int, inputs: int, hidden: int) -> list[Layer]:
        return blocks(self.cell, self.depth, members, inputs, hidden)
