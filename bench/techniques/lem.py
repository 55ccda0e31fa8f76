"""Long expressive memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Generator, Tensor

from bench.engine.layer import Initialisation, State
from bench.engine.native import NativeCell
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Dial, Technique


class MultiscaleCell(Recurrence):
    """z' = (1 − s) ∘ z + s ∘ tanh(·), y' = (1 − r) ∘ y + r ∘ tanh(·), with steps s and r = Δt σ(·); y is the output.

    Blocks in the order s, r, the tanh for z, the tanh for y. The first three see y, the last one the new z.
    """

    blocks: ClassVar[int] = 4
    states: ClassVar[tuple[str, ...]] = ("y", "z")

    def __init__(self, members: int, inputs: int, hidden: int, step: float) -> None:
        super().__init__(members, inputs, hidden)
        self.time_step = step

    @torch.no_grad()
    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw the weights as every recurrence does, and the bias alike, as the authors' code does."""
        super().reset(member, generator, scheme)
        spread = self.hidden**-0.5
        self.bias[member].uniform_(-spread, spread, generator=generator("bias"))

    def step(self, drive: Tensor, state: State) -> State:
        y, z = state
        drive_y, drive_m = drive.split((3 * self.hidden, self.hidden), dim=-1)
        weight_y, weight_z = self.recurrent_weight.split((3 * self.hidden, self.hidden), dim=-1)
        s, r, c = torch.baddbmm(drive_y, y, weight_y).chunk(3, dim=-1)
        z = torch.lerp(z, torch.tanh(c), self.time_step * torch.sigmoid(s))
        m = torch.tanh(torch.baddbmm(drive_m, z, weight_z))
        return torch.lerp(y, m, self.time_step * torch.sigmoid(r)), z

    def native(self) -> NativeCell | None:
        weights = (self.input_weight, self.bias, self.recurrent_weight)
        return NativeCell("lem", weights, (self.time_step,), kept=(4, 1))


class LongExpressiveMemory(Technique):
    """Two states, y and z, each with learned time steps that depend on the input and on y: memories of many scales.

    z_n = (1 − s) ∘ z + s ∘ tanh(W_z y + V_z u_n), y_n = (1 − r) ∘ y + r ∘ tanh(W_y z_n + V_y u_n), where s and r are
    Δt σ(·) of y and u_n.
    """

    name = "lem"
    title = "LEM"
    called = "LEM"
    family = "gated"
    changes = "the cell: two states with time steps of their own, as gates"
    reference = "Rusch et al. 2022"
    time_step = Dial(1.0, sweep=(1.0, 0.3, 0.1))

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return MultiscaleCell(members, inputs, hidden, self.time_step)
