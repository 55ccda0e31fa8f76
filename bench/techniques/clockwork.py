"""The clockwork recurrent network."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn

from bench.engine.built_matrix import BuiltMatrix
from bench.engine.layer import Initialisation, State
from bench.engine.native import NativeCell
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Dial, Situation, Technique

SPREAD = 0.1
"""The standard deviation of all weights at the start."""


class ClockworkCell(BuiltMatrix):
    """h_k' = tanh(x U_k + h W_k + b_k) at each step, counted from 1, that 2^k divides; h_k' = h_k at others.

    The units are divided into modules k = 0, 1, … as evenly as may be. A module reads itself and slower ones:
    module_weight (E, ·) holds those entries of W, from unit to unit, row by row. Steps are counted from the first
    that a call reads.
    """

    recurrent: ClassVar[tuple[str, ...]] = ("module_weight",)

    def __init__(self, members: int, inputs: int, hidden: int, clocks: int) -> None:
        super().__init__(members, inputs, hidden)
        self.clocks = clocks
        sizes = [(k + 1) * hidden // clocks - k * hidden // clocks for k in range(clocks)]
        self.register_buffer("clock", torch.arange(clocks).repeat_interleave(torch.tensor(sizes)), persistent=False)
        self.module_weight = nn.Parameter(torch.empty(members, int(self._read().sum())))

    clock: Tensor
    """The module of each unit, (H,)."""

    @torch.no_grad()
    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw all weights from N(0, 0.1²), as the paper does; bias 0."""
        self.input_weight[member].normal_(0, SPREAD, generator=generator("input"))
        self.module_weight[member].normal_(0, SPREAD, generator=generator("recurrent"))
        self.bias[member].zero_()

    def _read(self) -> Tensor:
        """Tell where a unit (row) is read by another (column), (H, H)."""
        return self.clock.unsqueeze(1) >= self.clock

    def build(self) -> Tensor:
        """Put the entries in their places, with zeros elsewhere."""
        whole = self.module_weight.new_zeros(len(self.module_weight), self.hidden, self.hidden)
        whole[:, self._read()] = self.module_weight
        return whole

    def drive(self, x: Tensor) -> Tensor:
        """Compute x U + b, and beside it 1 where a unit is active at a step, else 0: (E, T, B, 2 H)."""
        members, steps, batch, _ = x.shape
        counted = torch.arange(1, steps + 1, device=x.device).unsqueeze(1)
        active = (counted % 2**self.clock == 0).to(x.dtype)
        return torch.cat((super().drive(x), active[:, None].expand(members, steps, batch, self.hidden)), dim=-1)

    def step(self, drive: Tensor, state: State) -> State:
        (h,) = state
        given, active = drive.chunk(2, dim=-1)
        return (torch.lerp(h, torch.tanh(torch.baddbmm(given, h, self.matrix())), active),)

    def native(self) -> NativeCell | None:
        return NativeCell("clockwork", (self.input_weight, self.bias, self.matrix()), (self.clocks,))


class Clockwork(Technique):
    """The tanh network in modules with periods 1, 2, 4, …: a slow module steps seldom, and fast ones read it.

    Over a module of period p a gradient goes back T steps in T / p. But it hears only what is read at its own steps,
    and nothing of faster modules.
    """

    name = "clockwork"
    title = "Clockwork RNN"
    called = "the clockwork network"
    family = "residual"
    changes = "the state: in modules, of which each changes at every 2^k-th step only and reads no faster one"
    reference = "Koutník et al. 2014"
    clocks = Dial(7, sweep=(4, 7, 8), whole=True)

    @classmethod
    def skip(cls, situation: Situation) -> str | None:
        if situation.dials["clocks"] > situation.hidden_size:
            return f"{situation.hidden_size} units cannot be divided into {situation.dials['clocks']:g} modules"
        return None

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return ClockworkCell(members, inputs, hidden, self.clocks)
