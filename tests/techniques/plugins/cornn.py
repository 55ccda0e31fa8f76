"""The coupled oscillatory recurrent network."""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn

from bench.engine.layer import Initialisation, State
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Dial, Technique


class OscillatorCell(Recurrence):
    """z' = z + Δt (tanh(x U + b + y W + z 𝒲) − γ y − ε z), y' = y + Δt z': the output is y, their position."""

    states = ("y", "z")
    recurrent = ("recurrent_weight", "velocity_weight")

    def __init__(self, members: int, inputs: int, hidden: int, step: float, gamma: float, epsilon: float) -> None:
        super().__init__(members, inputs, hidden)
        self.velocity_weight = nn.Parameter(torch.empty(members, hidden, hidden))
        self.time_step, self.gamma, self.epsilon = step, gamma, epsilon

    @torch.no_grad()
    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw as every recurrence does, both matrices from U(−1/√H, 1/√H)."""
        super().reset(member, generator, scheme)
        bound = 1 / math.sqrt(self.hidden)
        self.velocity_weight[member].uniform_(-bound, bound, generator=generator("velocity"))

    def step(self, drive: Tensor, state: State) -> State:
        y, z = state
        force = torch.tanh(drive + torch.bmm(y, self.recurrent_weight) + torch.bmm(z, self.velocity_weight))
        z = z + self.time_step * (force - self.gamma * y - self.epsilon * z)
        return y + self.time_step * z, z


class CoRNN(Technique):
    """y'' = tanh(W y + 𝒲 y' + V u + b) − γ y − ε y' in steps of Δt, as the paper's eq. 4 has them (n̄ = n − 1)."""

    name = "cornn"
    title = "coRNN"
    family = "oscillators"
    changes = "the cell: coupled, damped oscillators, with positions and velocities as states"
    reference = "Rusch & Mishra 2021"
    time_step = Dial(0.1, sweep=(0.3, 0.1, 0.03))
    gamma = Dial(1.0, sweep=(10.0, 1.0))
    epsilon = Dial(1.0, sweep=(10.0, 1.0))

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return OscillatorCell(members, inputs, hidden, self.time_step, self.gamma, self.epsilon)
