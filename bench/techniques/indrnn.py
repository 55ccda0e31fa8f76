"""The independently recurrent network."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor, nn
from torch.autograd.function import once_differentiable

from bench.engine.layer import Initialisation, Layer, State
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Technique

GROWTH = 2.0
"""The factor by which a state may grow over a whole sequence, γ in the paper."""
INPUT_SLOPE = 8.0
"""The slope of the leaky unit for which the authors' code scales the input weights, by He's rule."""


class IndependentCell(Recurrence):
    """h' = relu(U x + b + u ∘ h): within a layer, units do not hear of each other.

    bound: |u| never exceeds it; u starts uniform between least and bound.
    """

    recurrent: ClassVar[tuple[str, ...]] = ("unit_weight",)

    def __init__(self, members: int, inputs: int, hidden: int, least: float, bound: float) -> None:
        super().__init__(members, inputs, hidden)
        self.unit_weight = nn.Parameter(torch.empty(members, hidden))
        self.least, self.bound = least, bound

    @torch.no_grad()
    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw as the authors' code does: He's uniform rule for the inputs' weights, u from its range, bias 0."""
        spread = (6 / ((1 + INPUT_SLOPE**2) * self.input_weight.shape[1])) ** 0.5
        self.input_weight[member].uniform_(-spread, spread, generator=generator("input"))
        self.unit_weight[member].uniform_(self.least, self.bound, generator=generator("recurrent"))
        self.bias[member].zero_()

    def step(self, drive: Tensor, state: State) -> State:
        (h,) = state
        return (torch.relu(torch.addcmul(drive, self.unit_weight.unsqueeze(1), h)),)

    def unroll(self, drive: Tensor, state: State) -> tuple[Tensor, State]:
        """Unroll like the loop, by `RectifiedScan`."""
        outputs: Tensor = RectifiedScan.apply(drive, self.unit_weight, state[0])
        return outputs, (outputs[:, -1],)

    @torch.no_grad()
    def keep_bound(self) -> None:
        """Put every u back to within ±bound."""
        self.unit_weight.clamp_(-self.bound, self.bound)


class RectifiedScan(torch.autograd.Function):
    """h_t = relu(b_t + u ∘ h_{t−1}) from h_0: drive b (E, T, B, H), u (E, H), start (E, B, H) → all h_t (E, T, B, H).

    With δ_t = ∂L/∂b_t: δ_t = [h_t > 0] ∘ (∂L/∂h_t + u ∘ δ_{t+1}), ∂L/∂u = Σ δ_t ∘ h_{t−1}.
    """

    @staticmethod
    def forward(ctx: Any, drive: Tensor, weight: Tensor, start: Tensor) -> Tensor:
        outputs = torch.empty_like(drive)
        h, u = start, weight.unsqueeze(1)
        for now, out in zip(drive.unbind(1), outputs.unbind(1), strict=True):
            h = torch.addcmul(now, u, h, out=out).relu_()
        ctx.save_for_backward(weight, start, outputs)
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, ...]:
        weight, start, outputs = ctx.saved_tensors
        u = weight.unsqueeze(1)
        open_units = (outputs > 0).to(outputs.dtype)
        deltas = gradient * open_units
        steps = list(zip(deltas.unbind(1), open_units.unbind(1), strict=True))
        for (before, opened), (delta, _) in reversed(list(pairwise(steps))):
            before.addcmul_(u * opened, delta)
        earlier = torch.cat([start.unsqueeze(1), outputs[:, :-1]], dim=1)
        return deltas, (deltas * earlier).sum((1, 2)), u * deltas[:, 0]


class IndRNN(Technique):
    """Two layers of h_t = relu(U x_t + b + u ∘ h_{t−1}) with |u| ≤ 2^(1/T): over T steps no state more than doubles.

    The upper layer, which is read out, starts with 2^(−1/T) ≤ u ≤ 2^(1/T), so that it keeps what it has heard; the
    lower one with u between 0 and that bound.
    """

    name = "indrnn"
    title = "IndRNN"
    called = "IndRNN"
    family = "independent"
    changes = "the recurrent weights: one a unit, bounded, in two layers"
    reference = "Li et al. 2018"

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return self._layer(members, inputs, hidden, least=0.0)

    def layers_of(self, members: int, inputs: int, hidden: int) -> list[Layer]:
        longest = GROWTH ** (-1 / self.blueprint.steps)
        return [self.cell(members, inputs, hidden), self._layer(members, hidden, hidden, least=longest)]

    def _layer(self, members: int, inputs: int, hidden: int, least: float) -> IndependentCell:
        return IndependentCell(members, inputs, hidden, least, bound=GROWTH ** (1 / self.blueprint.steps))

    def after_update(self) -> None:
        for layer in self.layers:
            assert isinstance(layer, IndependentCell)
            layer.keep_bound()
