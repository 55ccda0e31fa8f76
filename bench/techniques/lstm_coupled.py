"""The LSTM that writes as much as it forgets."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Generator, Tensor

from bench.engine.native import NativeCell
from bench.engine.recurrence import Initialisation, Recurrence, State
from bench.techniques.base import Technique


class CoupledCell(Recurrence):
    """f, o = σ(…), g = tanh(…), c_t = f ∘ c_{t−1} + (1 − f) ∘ g, h_t = o ∘ tanh(c_t); blocks in the order f, g, o.

    The bias of f starts at 1, as that of the LSTM.
    """

    blocks: ClassVar[int] = 3
    states: ClassVar[tuple[str, ...]] = ("h", "c")
    cell_state: ClassVar[str | None] = "c"

    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw the weights as every recurrence does, and set the forget gate's bias to 1."""
        super().reset(member, generator, scheme)
        with torch.no_grad():
            self.bias[member, : self.hidden] = 1.0

    def step(self, drive: Tensor, state: State) -> State:
        h, c = state
        f, g, o = (drive + torch.bmm(h, self.recurrent_weight)).chunk(3, dim=-1)
        c = torch.lerp(torch.tanh(g), c, torch.sigmoid(f))
        return torch.sigmoid(o) * torch.tanh(c), c

    def native(self) -> NativeCell:
        """Run the LSTM's kernel with an input gate of 1 − σ(a) = σ(−a)."""
        weights = (self._with_gate(w) for w in (self.input_weight, self.bias, self.recurrent_weight))
        return NativeCell("lstm", tuple(weights), kept=(4, 1))

    def _with_gate(self, weight: Tensor) -> Tensor:
        """Put the negative of the forget gate's block before it: (…, 3 H) → (…, 4 H)."""
        return torch.cat((-weight[..., : self.hidden], weight), dim=-1)


class LSTMCoupled(Technique):
    """c_t = f ∘ c_{t−1} + (1 − f) ∘ g, h_t = o ∘ tanh(c_t): what is written takes the place of what is forgotten."""

    name = "lstm-coupled"
    title = "LSTM, coupled gates"
    family = "gated"
    source_row = "gated"
    changes = "the cell of lstm: its input gate is one minus its forget gate"
    reference = "Greff et al. 2017, variant CIFG"

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return CoupledCell(members, inputs, hidden)
