"""The linear recurrent unit: a diagonal complex recurrence."""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn

from bench.engine.layer import Initialisation, State
from bench.engine.recurrence import Recurrence
from bench.engine.scan import scan
from bench.techniques.base import Dial, Technique

LARGEST_PHASE = 2 * math.pi


class DiagonalCell(Recurrence):
    """h' = λ ∘ h + e^γ ∘ (x B), y = Re(h C) + x D, with λ = exp(−e^ν + i e^θ), one complex number a unit.

    The real and the imaginary parts of B (E, I, H) and of C (E, H, H) stand side by side.
    """

    blocks = 2
    biased = False
    complex_states = True
    recurrent = ()  # |λ| < 1 by its form: no gain may change that

    def __init__(self, members: int, inputs: int, hidden: int, least: float, most: float) -> None:
        super().__init__(members, inputs, hidden)
        self.nu, self.theta, self.gamma = (nn.Parameter(torch.empty(members, hidden)) for _ in range(3))
        self.output_weight = nn.Parameter(torch.empty(members, hidden, 2 * hidden))
        self.skip_weight = nn.Parameter(torch.empty(members, inputs, hidden))
        self.least, self.most = least, most

    @torch.no_grad()
    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw λ uniformly from the ring least ≤ |λ| ≤ most, and the matrices by Glorot's rule (appendix A)."""
        inputs = self.input_weight.shape[1]
        squared = torch.empty(self.hidden).uniform_(self.least**2, self.most**2, generator=generator("radius"))
        phase = torch.empty(self.hidden).uniform_(0, LARGEST_PHASE, generator=generator("phase"))
        self.nu[member], self.theta[member] = (-squared.log() / 2).log(), phase.log()
        self.gamma[member] = (1 - squared).log() / 2
        self.input_weight[member].normal_(0, (2 * inputs) ** -0.5, generator=generator("input"))
        self.output_weight[member].normal_(0, self.hidden**-0.5, generator=generator("output"))
        self.skip_weight[member].normal_(0, inputs**-0.5, generator=generator("skip"))

    @property
    def factors(self) -> Tensor:
        """λ, (E, 1, H)."""
        return torch.polar((-self.nu.exp()).exp(), self.theta.exp()).unsqueeze(1)

    def drive(self, x: Tensor) -> Tensor:
        real, imaginary = super().drive(x).chunk(2, dim=-1)
        return self.gamma.exp()[:, None, None] * torch.complex(real, imaginary)

    def step(self, drive: Tensor, state: State) -> State:
        (h,) = state
        return (self.factors * h + drive,)

    def unroll(self, drive: Tensor, state: State) -> tuple[Tensor, State]:
        states = scan(self.factors.unsqueeze(1), drive, state[0])
        return states, (states[:, -1],)

    def read(self, states: Tensor, x: Tensor) -> Tensor:
        real, imaginary = self.output_weight.unsqueeze(1).chunk(2, dim=-1)
        return states.real @ real - states.imag @ imaginary + x @ self.skip_weight.unsqueeze(1)


class LRU(Technique):
    """One linear recurrent unit, without the paper's blocks around it (normalisation, gated map, residual)."""

    name = "lru"
    title = "LRU"
    family = "linear recurrence"
    changes = "the recurrence: linear, diagonal and complex"
    reference = "Orvieto et al. 2023"
    least = Dial(0.9, sweep=(0.0, 0.5, 0.9), least=0.0)
    most = Dial(0.999)

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return DiagonalCell(members, inputs, hidden, self.least, self.most)
