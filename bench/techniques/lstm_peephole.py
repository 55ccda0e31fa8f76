"""The LSTM whose gates see the cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn

from bench.engine.native import NativeCell
from bench.engine.recurrence import Initialisation, Recurrence, State
from bench.techniques.base import Technique


class PeepholeCell(Recurrence):
    """i, f = σ(… + p ∘ c_{t−1}), o = σ(… + p_o ∘ c_t); otherwise the LSTM, with its blocks in the order i, f, g, o.

    peephole_weight (E, 3 H) holds one weight for each unit of the gates i, f and o. The bias of f starts at 1.
    """

    blocks: ClassVar[int] = 4
    states: ClassVar[tuple[str, ...]] = ("h", "c")
    cell_state: ClassVar[str | None] = "c"
    recurrent: ClassVar[tuple[str, ...]] = ("recurrent_weight", "peephole_weight")

    def __init__(self, members: int, inputs: int, hidden: int) -> None:
        super().__init__(members, inputs, hidden)
        self.peephole_weight = nn.Parameter(torch.empty(members, 3 * hidden))

    @torch.no_grad()
    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw all weights from U(−1/√H, 1/√H), as every recurrence does, and set the forget gate's bias to 1."""
        super().reset(member, generator, scheme)
        spread = self.hidden**-0.5
        self.peephole_weight[member].uniform_(-spread, spread, generator=generator("peephole"))
        self.bias[member, self.hidden : 2 * self.hidden] = 1.0

    def step(self, drive: Tensor, state: State) -> State:
        h, c = state
        i, f, g, o = torch.baddbmm(drive, h, self.recurrent_weight).chunk(4, dim=-1)
        p_i, p_f, p_o = self.peephole_weight.unsqueeze(1).chunk(3, dim=-1)
        c_next = torch.sigmoid(f + p_f * c) * c + torch.sigmoid(i + p_i * c) * torch.tanh(g)
        return torch.sigmoid(o + p_o * c_next) * torch.tanh(c_next), c_next

    def native(self) -> NativeCell | None:
        weights = (self.input_weight, self.bias, self.recurrent_weight, self.peephole_weight)
        return NativeCell("peephole", weights, kept=(4, 1))


class LSTMPeephole(Technique):
    """The gates of the LSTM see the cell, each unit its own: i and f what it held, o what it holds now.

    In Gers et al. the output is o ∘ c; here it is o ∘ tanh(c), as in most later work and in `lstm`.
    """

    name = "lstm-peephole"
    title = "LSTM with peepholes"
    family = "gated"
    source_row = "gated"
    changes = "the cell of lstm: its gates see what the memory holds"
    reference = "Gers, Schraudolph & Schmidhuber 2002"

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return PeepholeCell(members, inputs, hidden)
