"""The long short-term memory as it was first published, without a forget gate."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import pad

from bench.engine.native import NativeCell
from bench.engine.recurrence import Recurrence, State
from bench.techniques.base import Technique

OPEN = 100.0
"""A bias that holds the later LSTM's forget gate open: σ(100) is 1 in single precision."""


class CarouselCell(Recurrence):
    """i, o = σ(…), g = tanh(…), c_t = c_{t−1} + i ∘ g, h_t = o ∘ tanh(c_t); blocks in the order i, g, o.

    c's self-connection is the constant error carousel: along c alone, ∂c_t/∂c_{t−1} = 1.
    """

    blocks: ClassVar[int] = 3
    states: ClassVar[tuple[str, ...]] = ("h", "c")
    cell_state: ClassVar[str | None] = "c"

    def step(self, drive: Tensor, state: State) -> State:
        h, c = state
        i, g, o = (drive + torch.bmm(h, self.recurrent_weight)).chunk(3, dim=-1)
        c = c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

    def native(self) -> NativeCell:
        """Run the LSTM's kernel with a forget gate that is always open."""
        weights = (
            self._with_gate(self.input_weight),
            self._with_gate(self.bias, OPEN),
            self._with_gate(self.recurrent_weight),
        )
        return NativeCell("lstm", weights, kept=(4, 1))

    def _with_gate(self, weight: Tensor, value: float = 0.0) -> Tensor:
        """Put a block of constants where the LSTM has its forget gate: (…, 3 H) → (…, 4 H)."""
        i, others = weight.split((self.hidden, 2 * self.hidden), dim=-1)
        return torch.cat((pad(i, (0, self.hidden), value=value), others), dim=-1)


class LSTMNoForget(Technique):
    """c_t = c_{t−1} + i ∘ g, h_t = o ∘ tanh(c_t): what the cell holds is never forgotten."""

    name = "lstm-no-forget"
    title = "LSTM, no forget gate"
    family = "gated"
    source_row = "gated"
    changes = "the cell: a memory with input and output gates"
    reference = "Hochreiter & Schmidhuber 1997"

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return CarouselCell(members, inputs, hidden)
