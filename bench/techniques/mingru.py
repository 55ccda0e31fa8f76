"""The minimal gated recurrent unit whose gates do not see the state."""

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bench.engine.layer import Layer, State, tower
from bench.engine.native import NativeCell
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Dial, Technique


class MinGRUCell(Recurrence):
    """h_t = (1 − z) ∘ h_{t−1} + z ∘ g(x U_n + b_n), z = σ(x U_z + b_z); blocks in the order z, n.

    g(a) = a + 1/2 for a ≥ 0 and σ(a) below, as in the form that the paper trains, whose state is positive.
    """

    blocks = 2
    recurrent = ()  # the state enters by no weight

    def step(self, drive: Tensor, state: State) -> State:
        (h,) = state
        z, n = gate_and_candidate(drive)
        return (torch.lerp(h, n, z),)

    def native(self) -> NativeCell | None:
        return NativeCell("mingru", (self.input_weight, self.bias), kept=(2,))

    def unroll(self, drive: Tensor, state: State) -> tuple[Tensor, State]:
        """As the loop, gates for all steps at once and then a scan."""
        z, n = gate_and_candidate(drive)
        outputs: Tensor = LinearScan.apply(1 - z, z * n, state[0])
        return outputs, (outputs[:, -1],)


def gate_and_candidate(drive: Tensor) -> tuple[Tensor, Tensor]:
    """z and g(·) from their pre-activations side by side."""
    drive_z, drive_n = drive.chunk(2, dim=-1)
    return torch.sigmoid(drive_z), torch.where(drive_n >= 0, drive_n + 0.5, torch.sigmoid(drive_n))


class LinearScan(torch.autograd.Function):
    """h_t = a_t ∘ h_{t−1} + b_t from h_0: one operation a step, forward and backward.

    With δ_t = ∂L/∂b_t: δ_t = ∂L/∂h_t + a_{t+1} ∘ δ_{t+1}, ∂L/∂a_t = δ_t ∘ h_{t−1}, and for the start a_1 ∘ δ_1.
    """

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, start: Tensor) -> Tensor:
        outputs = torch.empty_like(b)
        h = start
        for a_now, b_now, out in zip(a.unbind(1), b.unbind(1), outputs.unbind(1), strict=True):
            h = torch.addcmul(b_now, a_now, h, out=out)
        ctx.save_for_backward(a, start, outputs)
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, ...]:
        a, start, outputs = ctx.saved_tensors
        deltas = gradient.clone(memory_format=torch.contiguous_format)
        steps = list(zip(a.unbind(1), deltas.unbind(1), strict=True))
        for (_, before), (a_now, delta) in reversed(list(pairwise(steps))):
            before.addcmul_(a_now, delta)
        earlier = torch.cat([start.unsqueeze(1), outputs[:, :-1]], dim=1)
        return deltas * earlier, deltas, a[:, 0] * deltas[:, 0]


class MinGRU(Technique):
    """h_t = (1 − z) ∘ h_{t−1} + z ∘ g(U_n x_t), z = σ(U_z x_t): linear in the state; all steps are one scan.

    In one layer the gates cannot ask what has come before; more layers can. Between them stands nothing else:
    the paper's blocks add normalisation and a residual.
    """

    name = "mingru"
    title = "minGRU"
    family = "light gate"
    changes = "the cell: a gate from the input alone on a state without recurrent weights"
    reference = "Feng et al. 2024"
    depth = Dial(1, sweep=(3, 2, 1))

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return MinGRUCell(members, inputs, hidden)

    def layers_of(self, members: int, inputs: int, hidden: int) -> list[Layer]:
        return tower(self.cell, int(self.depth), members, inputs, hidden)
