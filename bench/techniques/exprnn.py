"""The recurrent network whose matrix is orthogonal as an exponential."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn

from bench.engine.built_matrix import BuiltMatrix
from bench.engine.layer import Initialisation, State
from bench.engine.native import NativeCell
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Technique

SPREAD = 0.01
"""The biases of modReLU start within ± this, as in the authors' code."""


class ExponentialCell(BuiltMatrix):
    """h' = modReLU(x U + h W) with W = exp(A) and Aᵀ = −A; modReLU(z) = sign(z) max(|z| + b, 0).

    skew_weight (E, H (H − 1) / 2) holds A above its diagonal, row by row, and unit_bias (E, H) is b.
    """

    biased: ClassVar[bool] = False
    recurrent: ClassVar[tuple[str, ...]] = ()  # W stays orthogonal: no gain may change that

    def __init__(self, members: int, inputs: int, hidden: int) -> None:
        super().__init__(members, inputs, hidden)
        self.skew_weight = nn.Parameter(torch.empty(members, hidden * (hidden - 1) // 2))
        self.unit_bias = nn.Parameter(torch.empty(members, hidden))

    @torch.no_grad()
    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw rotations of pairs of units by angles from U(−π, π), and the inputs' weights by He's rule."""
        hidden = self.hidden
        angles = torch.empty(hidden // 2).uniform_(-math.pi, math.pi, generator=generator("recurrent"))
        first, second = torch.triu_indices(hidden, hidden, offset=1)
        self.skew_weight[member].zero_()
        self.skew_weight[member, (second == first + 1) & (first % 2 == 0)] = angles
        self.input_weight[member].normal_(0, (2 / self.input_weight.shape[1]) ** 0.5, generator=generator("input"))
        self.unit_bias[member].uniform_(-SPREAD, SPREAD, generator=generator("bias"))

    def build(self) -> Tensor:
        """Take the exponential of A."""
        members, hidden = self.unit_bias.shape
        first, second = torch.triu_indices(hidden, hidden, offset=1, device=self.unit_bias.device)
        above = self.skew_weight.new_zeros(members, hidden, hidden)
        above[:, first, second] = self.skew_weight
        exponential: Tensor = torch.linalg.matrix_exp(above - above.mT)
        return exponential

    def step(self, drive: Tensor, state: State) -> State:
        (h,) = state
        z = torch.baddbmm(drive, h, self.matrix())
        return (torch.sign(z) * torch.relu(z.abs() + self.unit_bias.unsqueeze(1)),)

    def native(self) -> NativeCell | None:
        return NativeCell("exprnn", (self.input_weight, self.matrix(), self.unit_bias))


class ExpRNN(Technique):
    """h_t = modReLU(U x_t + W h_{t−1}) where W = exp(A) is orthogonal whatever the skew-symmetric A: |det W| is 1.

    Along W alone a gradient keeps its norm for ever. A learns at a tenth of the rate.
    """

    name = "exprnn"
    title = "expRNN"
    called = "expRNN"
    family = "orthogonal"
    changes = "the recurrent weights: the exponential of a skew-symmetric matrix; and the activation to modReLU"
    reference = "Lezcano-Casado & Martínez-Rubio 2019; modReLU: Arjovsky, Shah & Bengio 2016"
    parameter_rates: ClassVar = {"skew_weight": 0.1}

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return ExponentialCell(members, inputs, hidden)
