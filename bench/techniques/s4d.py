"""The diagonal structured state space model."""

import math
from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn

from bench.engine.convolution import convolve
from bench.engine.gated_block import GatedBlock, blocks
from bench.engine.layer import Initialisation, Layer, State
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Dial, Technique

SHORTEST, LONGEST = 0.001, 0.1
"""Bounds of a feature's time step Δ at the start."""


class DiagonalSpaceBlock(GatedBlock):
    """h' = Ā ∘ h + B̄ ∘ n, y = 2 Re(C h) + D ∘ n, Ā = exp(Δ A), B̄ = (Ā − 1) / A, for each feature n of norm(x).

    A = −e^α + i ω. Each feature has a step Δ and as many complex numbers in its state as there are modes: h is
    (E, B, H · modes). The input's weight is 1, and C learned (E, H, modes, 2), its real and imaginary parts.
    """

    complex_states = True

    def __init__(self, members: int, hidden: int, modes: int) -> None:
        super().__init__(members, hidden)
        self.modes = modes
        self.log_step, self.skip = (nn.Parameter(torch.empty(members, hidden)) for _ in range(2))
        self.log_decay, self.frequency = (nn.Parameter(torch.empty(members, hidden * modes)) for _ in range(2))
        self.output_weight = nn.Parameter(torch.empty(members, hidden, modes, 2))

    @torch.no_grad()
    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Set A = −1/2 + iπn (S4D-Lin), and draw Δ log-uniformly, C from the complex and D from the real N(0, 1)."""
        super().reset(member, generator, scheme)
        bounds = math.log(SHORTEST), math.log(LONGEST)
        self.log_step[member].uniform_(*bounds, generator=generator("step"))
        self.log_decay[member] = math.log(0.5)
        self.frequency[member] = math.pi * torch.arange(self.modes).repeat(self.hidden)
        self.output_weight[member].normal_(0, 0.5**0.5, generator=generator("output"))
        self.skip[member].normal_(generator=generator("skip"))

    @property
    def state_size(self) -> int:
        """Count two real numbers for each mode of each feature."""
        return 2 * self.hidden * self.modes

    def floats_a_step(self, dtype: torch.dtype) -> int:
        """Count a convolution's spectra, of twice the length, and the powers, which a batch shares.

        In double precision count the states: there probes take steps.
        """
        if dtype == torch.float32:
            return (20 + self.modes // 2) * self.hidden
        return super().floats_a_step(dtype)

    def start(self, x: Tensor) -> State:
        return (x.new_zeros(x.shape[0], x.shape[2], self.hidden * self.modes, dtype=x.dtype.to_complex()),)

    def continuous(self) -> tuple[Tensor, Tensor]:
        """Compute A and Δ A, (E, H, modes) each."""
        a = torch.complex(-self.log_decay.exp(), self.frequency).unflatten(1, (self.hidden, self.modes))
        return a, a * self.log_step.exp().unsqueeze(-1)

    def drive(self, x: Tensor) -> Tensor:
        return self.norm(x)

    def step(self, drive: Tensor, state: State) -> State:
        (h,) = state
        a, exponent = self.continuous()
        written = (exponent.exp() - 1) / a
        kept = exponent.exp().flatten(1).unsqueeze(1)
        return (kept * h + (written.unsqueeze(1) * drive.unsqueeze(-1)).flatten(2),)

    def fallback(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Convolve: 2 Re(C h) of all steps (E, T, B, H) in place of the states themselves; from a state, take steps."""
        (start,) = state
        if start.requires_grad or start.any():
            return super().fallback(x, state)
        n = self.drive(x).permute(0, 3, 2, 1).contiguous()
        a, exponent = self.continuous()
        written = (exponent.exp() - 1) / a
        powers = self._powers(exponent, n.shape[-1])
        weight = torch.view_as_real((2 * torch.view_as_complex(self.output_weight) * written).conj_physical())
        y = convolve(n, (powers @ _pairs(weight).unsqueeze(-1)).squeeze(-1))
        h = torch.view_as_complex((n.flip(-1) @ powers).unflatten(-1, (self.modes, 2)))
        return y.permute(0, 3, 2, 1).contiguous(), ((h * written.unsqueeze(2)).transpose(1, 2).flatten(2),)

    def _powers(self, exponent: Tensor, steps: int) -> Tensor:
        """Compute Ā^t of the first T steps, real and imaginary parts in turns, (E, H, T, 2 modes).

        With t = r q + s it is Ā^(r q) Ā^s, for which few exponentials are needed.
        """
        size = math.isqrt(steps - 1) + 1
        within = torch.arange(size, device=exponent.device).unsqueeze(-1)
        rough, fine = (_exponential(exponent.unsqueeze(2) * (within * stride)) for stride in (size, 1))
        return _pairs(torch.view_as_real((rough.unsqueeze(3) * fine.unsqueeze(2)).flatten(2, 3)[:, :, :steps]))

    def read(self, states: Tensor, x: Tensor) -> Tensor:
        """Map states, or what was convolved of them, to the block's output."""
        y = self._weighed(states) if states.is_complex() else states
        return self.close(torch.addcmul(y, self.norm(x), self.skip[:, None, None]), x)

    def _weighed(self, states: Tensor) -> Tensor:
        weight = torch.view_as_complex(self.output_weight)[:, None, None]
        return 2 * (states.unflatten(-1, (self.hidden, self.modes)) * weight).sum(-1).real


def _exponential(z: Tensor) -> Tensor:
    """Compute e^z, for which torch's own takes several times as long."""
    return torch.polar(z.real.exp(), z.imag)


def _pairs(parts: Tensor) -> Tensor:
    """Put real and imaginary parts, the last axis of two, in turns along the one before it."""
    return parts.flatten(-2)


class S4D(Technique):
    """h_t = Ā ∘ h_{t−1} + B̄ n_t, y_t = 2 Re(C h_t) + D n_t for each feature n, Ā = exp(Δ A), B̄ = (Ā − 1) / A.

    A is diagonal and starts at −1/2 + iπk, k = 0, 1, … (S4D-Lin). As the recurrence is linear in its inputs and mixes
    no features, it stands in the paper's block (normalised first, gated afterwards, with a residual connection; no
    dropout), on an embedding of the input. Training is by convolution. Δ and A move at a tenth of the rate.
    """

    name = "s4d"
    title = "S4D"
    family = "linear recurrence"
    changes = "the recurrence: linear, a diagonal complex state space for each unit, in two of the paper's blocks"
    reference = "Gu, Gupta, Goel & Ré 2022"
    parameter_rates: ClassVar = {"log_step": 0.1, "log_decay": 0.1, "frequency": 0.1}
    depth = Dial(2, sweep=(4, 2, 1), whole=True)
    modes = Dial(32, sweep=(8, 32), whole=True)

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return DiagonalSpaceBlock(members, hidden, self.modes)

    def layers_of(self, members: int, inputs: int, hidden: int) -> list[Layer]:
        return blocks(self.cell, self.depth, members, inputs, hidden)
