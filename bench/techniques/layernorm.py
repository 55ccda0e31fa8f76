"""The tanh network with layer normalisation."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn

from bench.engine.layer import Initialisation, State
from bench.engine.native import NativeCell
from bench.engine.product import product
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Technique

EPSILON = 1e-5
"""Added to the variance, as torch's LayerNorm does."""


class NormalisedCell(Recurrence):
    """h' = tanh(gain ∘ (a − mean a) / deviation a + b) with a = x U + h W, mean and deviation over the units.

    gain (E, H) starts at 1 and b (E, H) at 0.
    """

    def __init__(self, members: int, inputs: int, hidden: int) -> None:
        super().__init__(members, inputs, hidden)
        self.gain = nn.Parameter(torch.empty(members, hidden))

    @torch.no_grad()
    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw the weights as every recurrence does; gains are 1."""
        super().reset(member, generator, scheme)
        self.gain[member] = 1.0

    def drive(self, x: Tensor) -> Tensor:
        """Compute x U alone: the bias comes after the normalisation."""
        return product(x, self.input_weight)

    def step(self, drive: Tensor, state: State) -> State:
        (h,) = state
        a = torch.baddbmm(drive, h, self.recurrent_weight)
        variance, mean = torch.var_mean(a, dim=-1, correction=0, keepdim=True)
        normal = (a - mean) * torch.rsqrt(variance + EPSILON)
        return (torch.tanh(self.gain.unsqueeze(1) * normal + self.bias.unsqueeze(1)),)

    def native(self) -> NativeCell | None:
        weights = (self.input_weight, self.bias, self.recurrent_weight, self.gain)
        return NativeCell("layernorm", weights, (EPSILON,), kept=(1,))


class LayerNorm(Technique):
    """h_t = tanh(g ∘ (a_t − μ_t) / σ_t + b), a_t = U x_t + W h_{t−1}: what is carried on is not normalised.

    The size of W does not matter, so that a gradient neither explodes nor vanishes by it alone.
    """

    name = "layernorm"
    title = "Layer normalisation"
    called = "layer normalisation"
    family = "normalisation"
    changes = "the pre-activations: of mean and deviation 0 and 1 over the units, then scaled and shifted"
    reference = "Ba, Kiros & Hinton 2016, eq. 4"

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return NormalisedCell(members, inputs, hidden)
