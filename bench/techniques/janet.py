"""The LSTM with a forget gate and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Generator, Tensor

from bench.engine.layer import Initialisation, State
from bench.engine.native import NativeCell
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Dial, Technique


class ForgetCell(Recurrence):
    """h' = σ(s) ∘ h + (1 − σ(s − β)) ∘ tanh(·); blocks in the order s, tanh.

    The bias of s starts at log U[1, longest], so that units forget after 1 to `longest` steps.
    """

    blocks: ClassVar[int] = 2

    def __init__(self, members: int, inputs: int, hidden: int, beta: float, longest: float) -> None:
        super().__init__(members, inputs, hidden)
        self.beta, self.longest = beta, longest

    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw the weights as every recurrence does, and the forget gate's bias for lengths of memory."""
        super().reset(member, generator, scheme)
        with torch.no_grad():
            self.bias[member, : self.hidden].uniform_(1.0, self.longest, generator=generator("chrono")).log_()

    def step(self, drive: Tensor, state: State) -> State:
        (h,) = state
        s, a = torch.baddbmm(drive, h, self.recurrent_weight).chunk(2, dim=-1)
        return (torch.sigmoid(s) * h + torch.sigmoid(self.beta - s) * torch.tanh(a),)

    def native(self) -> NativeCell | None:
        return NativeCell("janet", (self.input_weight, self.bias, self.recurrent_weight), (self.beta,), kept=(2,))


class JANET(Technique):
    """h_t = σ(s) ∘ h_{t−1} + (1 − σ(s − β)) ∘ tanh(U x_t + W h_{t−1}): one gate, with chrono biases.

    β > 0 lets more in than is forgotten, so that what is held may grow.
    """

    name = "janet"
    title = "JANET"
    called = "JANET"
    family = "light gate"
    changes = "the cell: a forget gate on the state, with biases for memories of 1 to T − 1 steps"
    reference = "van der Westhuizen & Lasenby 2018; biases: Tallec & Ollivier 2018"
    beta = Dial(1.0, sweep=(0.0, 1.0, 2.0), least=0.0)

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return ForgetCell(members, inputs, hidden, self.beta, longest=max(2.0, self.blueprint.steps - 1.0))
