"""Recurrences: a step, and its unrolling over time for a stack of members."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn

from bench.engine.layer import Initialisation, Layer, State
from bench.engine.linear import project
from bench.engine.native import NativeCell, run, runs_natively

MATRIX = "recurrent_weight"
"""The name of a cell's square matrix, or of several side by side."""


class Recurrence(Layer):
    """s_t = step(x_t U + b, s_{t−1}) for E members at once.

    A subclass writes `step` as in its paper. Where it also has a hand-derived backward pass it overrides
    `unroll`, and tests hold that against the loop here in double precision; where it has a kernel, `native`.

    Shapes: input_weight (E, I, G·H), recurrent_weight (E, H, G·H), bias (E, G·H) with G `blocks` (gates)
    side by side along the last axis; every state (E, B, H). A cell that names other parameters in `recurrent`, or
    none, has no recurrent_weight: it makes and draws its own.
    """

    biased: ClassVar[bool] = True
    """True if the input's product has a bias."""
    complex_states: ClassVar[bool] = False
    """True if states are complex. Parameters are always real: a complex one is stored as two."""
    blocks: ClassVar[int] = 1
    """Gates, the candidate included: blocks of H pre-activations."""
    states: ClassVar[tuple[str, ...]] = ("h",)
    """Names of the carried states; the first is the output, or what `read` makes the output of."""
    recurrent: ClassVar[tuple[str, ...]] = (MATRIX,)

    def __init__(self, members: int, inputs: int, hidden: int) -> None:
        super().__init__()
        width = self.blocks * hidden
        self.hidden = hidden
        self.input_weight = nn.Parameter(torch.empty(members, inputs, width))
        if MATRIX in self.recurrent:
            self.recurrent_weight = nn.Parameter(torch.empty(members, hidden, width))
        if self.biased:
            self.bias = nn.Parameter(torch.zeros(members, width))

    @torch.no_grad()
    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw one member's parameters; each takes a generator of its own, by name.

        default: U(−1/√H, 1/√H), as torch's recurrent modules, bias 0. orthogonal: the same, but each square
        recurrent block orthogonal with gain 1 (Saxe et al. 2014).
        """
        bound = 1 / math.sqrt(self.hidden)
        self.input_weight[member].uniform_(-bound, bound, generator=generator("input"))
        if MATRIX in self.recurrent:
            self._reset_matrix(self.recurrent_weight[member], generator, scheme, bound)
        if self.biased:
            self.bias[member].zero_()

    def _reset_matrix(
        self, weight: Tensor, generator: Callable[[str], Generator], scheme: Initialisation, bound: float
    ) -> None:
        """Draw one member's recurrent weights (H, G·H)."""
        stream = generator("recurrent")  # one for all blocks, so that no two gates get the same matrix
        if scheme == "orthogonal":
            for block in weight.split(self.hidden, dim=-1):
                block.copy_(nn.init.orthogonal_(torch.empty_like(block), generator=stream))
        else:
            weight.uniform_(-bound, bound, generator=stream)

    @property
    def state_size(self) -> int:
        """H for each of the carried states, twice where they are complex."""
        return (1 + self.complex_states) * len(self.states) * self.hidden

    def start(self, x: Tensor) -> State:
        """The state before the first step: zeros (E, B, H) each, for x (E, T, B, I)."""
        dtype = x.dtype.to_complex() if self.complex_states else x.dtype
        zeros = x.new_zeros(x.shape[0], x.shape[2], self.hidden, dtype=dtype)
        return tuple(zeros for _ in self.states)

    @abstractmethod
    def step(self, drive: Tensor, state: State) -> State:
        """One step: drive (E, B, G·H) holds x_t U + b; states (E, B, H) each."""

    def unroll(self, drive: Tensor, state: State) -> tuple[Tensor, State]:
        """All steps: drive (E, T, B, G·H) → the first state after each (E, T, B, H), and the last state."""
        return self.loop(drive, state)

    def read(self, states: Tensor, x: Tensor) -> Tensor:
        """The outputs (E, T, B, H) from the first state after each step, (E, T, B, H), and the inputs (E, T, B, I).

        Here: the states. What is not carried on to the next step belongs here, as y = Re(C h) + D x.
        """
        return states

    def loop(self, drive: Tensor, state: State) -> tuple[Tensor, State]:
        """`unroll` by autograd through `step`: the reference."""
        outputs = []
        for now in drive.unbind(1):  # indexing would build a full-size zero gradient a step
            state = self.step(now, state)
            outputs.append(state[0])
        return torch.stack(outputs, dim=1), state

    def native(self) -> NativeCell | None:
        """Return the kernel that runs this cell in one native call, if there is one; tests hold it against the loop."""
        return None

    def floats_a_step(self, dtype: torch.dtype) -> int:
        """Count the numbers kept per step, as for any layer; a kernel holds outputs, its own history and the input's
        gradient.
        """
        if dtype == torch.float32 and runs_natively(self.input_weight) and (cell := self.native()) is not None:
            return (2 + sum(cell.kept)) * self.hidden + self.input_weight.shape[1]
        return super().floats_a_step(dtype)

    def drive(self, x: Tensor) -> Tensor:
        """Compute the input's contribution to all steps in one product: x (E, T, B, I) → x U + b (E, T, B, G·H)."""
        if not self.biased:
            return torch.bmm(x.flatten(1, 2), self.input_weight).unflatten(1, x.shape[1:3])
        return project(x, self.input_weight, self.bias)

    def forward(self, x: Tensor, state: State | None = None, last: int | None = None) -> tuple[Tensor, State]:
        """x (E, T, B, I) → outputs (E, T, B, H), of the `last` steps if it is given, and the last state."""
        state = self.start(x) if state is None else state
        last = x.shape[1] if last is None else last
        if (cell := self.native()) is not None and runs_natively(x):
            states, state = run(cell, x, state, last)
        else:
            states, state = self.fallback(x, state)
            if last < x.shape[1]:
                states = states[:, -last:]
        return self.read(states, x[:, -last:]), state

    def fallback(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """The first state after each step and the last state, without a native kernel."""
        return self.unroll(self.drive(x), state)


def weight_gradient(before: Tensor, after: Tensor) -> Tensor:
    """Σ_t before_tᵀ after_t for each member as one product: (E, T, B, H), (E, T, B, W) → (E, H, W)."""
    return torch.bmm(before.flatten(1, 2).transpose(1, 2), after.flatten(1, 2))
