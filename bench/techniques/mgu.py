"""The minimal gated unit."""

import torch
from torch import Tensor

from bench.engine.native import NativeCell
from bench.engine.recurrence import Recurrence, State
from bench.techniques.base import Technique


class MinimalCell(Recurrence):
    """f = σ(x U_f + h W_f + b_f), n = tanh(x U_n + (f ∘ h) W_n + b_n); blocks in the order f, n."""

    blocks = 2

    def step(self, drive: Tensor, state: State) -> State:
        (h,) = state
        drive_f, drive_n = drive.chunk(2, dim=-1)
        weight_f, weight_n = self.recurrent_weight.chunk(2, dim=-1)
        f = torch.sigmoid(torch.baddbmm(drive_f, h, weight_f))
        n = torch.tanh(torch.baddbmm(drive_n, f * h, weight_n))
        return (torch.lerp(h, n, f),)

    def native(self) -> NativeCell | None:
        return NativeCell("mgu", (self.input_weight, self.bias, self.recurrent_weight), kept=(2,))


class MinimalGatedUnit(Technique):
    """h_t = (1 − f) ∘ h_{t−1} + f ∘ n, n = tanh(U x_t + W (f ∘ h_{t−1})): one gate forgets and writes; biases 0."""

    name = "mgu"
    title = "MGU"
    called = "MGU"
    family = "light gate"
    changes = "the cell: one gate on the state"
    reference = "Zhou et al. 2016"

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return MinimalCell(members, inputs, hidden)
