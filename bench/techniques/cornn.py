"""The coupled oscillatory recurrent network."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn

from bench.engine.layer import Initialisation, State
from bench.engine.native import NativeCell
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Dial, Technique


class OscillatorCell(Recurrence):
    """z' = z + Δt (tanh(x U + b + y W + z 𝒲) − γ y − ε z), y' = y + Δt z': the output is y, their position."""

    states: ClassVar[tuple[str, ...]] = ("y", "z")
    recurrent: ClassVar[tuple[str, ...]] = ("recurrent_weight", "velocity_weight")

    def __init__(self, members: int, inputs: int, hidden: int, step: float, gamma: float, epsilon: float) -> None:
        super().__init__(members, inputs, hidden)
        self.velocity_weight = nn.Parameter(torch.empty(members, hidden, hidden))
        self.time_step, self.gamma, self.epsilon = step, gamma, epsilon

    @torch.no_grad()
    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw all weights as the authors' code does, U(−1/√n, 1/√n) with n = I + 2 H, and the bias 0."""
        super().reset(member, generator, scheme)
        spread = (self.input_weight.shape[1] + 2 * self.hidden) ** -0.5
        self.input_weight[member].uniform_(-spread, spread, generator=generator("input"))
        self._reset_matrix(self.recurrent_weight[member], generator, scheme, spread)
        self._reset_matrix(self.velocity_weight[member], partial(_another, generator), scheme, spread)

    def step(self, drive: Tensor, state: State) -> State:
        y, z = state
        force = torch.tanh(drive + torch.bmm(y, self.recurrent_weight) + torch.bmm(z, self.velocity_weight))
        z = z + self.time_step * (force - self.gamma * y - self.epsilon * z)
        return y + self.time_step * z, z

    def native(self) -> NativeCell | None:
        weights = (self.input_weight, self.bias, self.recurrent_weight, self.velocity_weight)
        return NativeCell("cornn", weights, (self.time_step, self.gamma, self.epsilon), kept=(1, 1))


def _another(generator: Callable[[str], Generator], name: str) -> Generator:
    """Return the stream of the second matrix of a name."""
    return generator(f"{name}, velocity")


class CoRNN(Technique):
    """y'' = tanh(W y + 𝒲 y' + V u + b) − γ y − ε y' in steps of Δt: the paper's scheme with n̄ = n − 1.

    The paper chooses Δt, γ and ε for each task; here they are those of the authors' code for permuted pixels, with
    which a unit that is left alone forgets in 260 steps.
    """

    name = "cornn"
    title = "coRNN"
    called = "coRNN"
    family = "oscillators"
    changes = "the cell: coupled, damped oscillators, with positions and velocities as states"
    reference = "Rusch & Mishra 2021"
    time_step = Dial(0.076, sweep=(0.3, 0.076, 0.042))
    gamma = Dial(0.4, sweep=(66.0, 2.7, 0.4))
    epsilon = Dial(8.0, sweep=(15.0, 8.0, 4.7))

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return OscillatorCell(members, inputs, hidden, self.time_step, self.gamma, self.epsilon)
