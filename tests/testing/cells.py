"""Cells as people write them from papers: honest, slow at first or bound after each step."""

import math
from typing import ClassVar

import torch
from torch import nn

from bench.engine.elman import Elman
from bench.engine.layer import tower
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Technique
from bench.techniques.tanh_network import TanhNetwork


class SlowLeaky(Technique):
    """h_t = 0.97 h_{t−1} + 0.03 tanh(U x_t + W h_{t−1} + b)."""

    name = "slow-leaky"
    title = "Slow leaky RNN"
    family = "residual"
    changes = "the state: a weighted mean of the old and the new"
    reference = "Jaeger et al. 2007"

    def cell(self, members, inputs, hidden):
        return Elman(members, inputs, hidden, carry=0.97, scale=0.03)


class OscillatorCell(Recurrence):
    """z' = z + dt (tanh(x U + b + y W + z V) − γ y − ε z), y' = y + dt z'."""

    states = ("h", "z")
    recurrent = ("recurrent_weight", "velocity_weight")
    dt, gamma, epsilon = 0.1, 1.0, 1.0

    def __init__(self, members, inputs, hidden):
        super().__init__(members, inputs, hidden)
        self.velocity_weight = nn.Parameter(torch.empty(members, hidden, hidden))

    @torch.no_grad()
    def reset(self, member, generator, scheme):
        super().reset(member, generator, scheme)
        bound = 1 / math.sqrt(self.hidden)
        self.velocity_weight[member].uniform_(-bound, bound, generator=generator("velocity"))

    def step(self, drive, state):
        y, z = state
        force = torch.tanh(drive + torch.bmm(y, self.recurrent_weight) + torch.bmm(z, self.velocity_weight))
        z = z + self.dt * (force - self.gamma * y - self.epsilon * z)
        return y + self.dt * z, z


class Oscillators(Technique):
    """Coupled oscillators."""

    name = "cornn"
    title = "coRNN"
    family = "oscillators"
    changes = "the cell: coupled oscillators"
    reference = "Rusch & Mishra 2021"

    def cell(self, members, inputs, hidden):
        return OscillatorCell(members, inputs, hidden)


class IndependentCell(Recurrence):
    """h' = relu(x U + b + u ∘ h), u begun within [least, most]."""

    recurrent = ("unit_weight",)

    def __init__(self, members, inputs, hidden, least, most):
        super().__init__(members, inputs, hidden)
        self.least, self.most = least, most
        self.unit_weight = nn.Parameter(torch.empty(members, hidden))

    @torch.no_grad()
    def reset(self, member, generator, scheme):
        self.input_weight[member].normal_(0, 0.1, generator=generator("input"))
        self.unit_weight[member].uniform_(self.least, self.most, generator=generator("recurrent"))
        self.bias[member].zero_()

    def step(self, drive, state):
        (h,) = state
        return (torch.relu(drive + self.unit_weight.unsqueeze(1) * h),)


class TwoIndependentLayers(Technique):
    """Two layers, begun near 1."""

    name = "indrnn-2"
    title = "IndRNN, two layers"
    family = "independent"
    changes = "the recurrent weights: one a unit"
    reference = "Li et al. 2018"

    def cell(self, members, inputs, hidden):
        return IndependentCell(members, inputs, hidden, 0.99, 2 ** (1 / self.blueprint.steps))

    def layers_of(self, members, inputs, hidden):
        return tower(self.cell, 2, members, inputs, hidden)


class BoundedIndependent(Technique):
    """Begun at the bound 2^(1/T) and held there after each step."""

    name = "indrnn-bounded"
    title = "IndRNN, bounded"
    family = "independent"
    changes = "the recurrent weights: one a unit, bounded"
    reference = "Li et al. 2018"

    @property
    def bound(self):
        return 2 ** (1 / self.blueprint.steps)

    def cell(self, members, inputs, hidden):
        return IndependentCell(members, inputs, hidden, self.bound, self.bound)

    def after_update(self):
        for layer in self.layers:
            layer.unit_weight.clamp_(-self.bound, self.bound)


class DiagonalCell(Recurrence):
    """c' = exp(−exp(ν)) c + x U + b: real, diagonal, linear."""

    recurrent = ()

    def __init__(self, members, inputs, hidden):
        super().__init__(members, inputs, hidden)
        self.decay = nn.Parameter(torch.empty(members, hidden))

    @torch.no_grad()
    def reset(self, member, generator, scheme):
        self.input_weight[member].normal_(0, 0.1, generator=generator("input"))
        self.decay[member].uniform_(-5, -1, generator=generator("decay"))
        self.bias[member].zero_()

    def step(self, drive, state):
        (c,) = state
        return (torch.exp(-torch.exp(self.decay)).unsqueeze(1) * c + drive,)


class SlowDecays(Technique):
    """A linear recurrence whose decays move at a tenth of the rate."""

    name = "slow-decays"
    title = "Diagonal recurrence"
    family = "linear recurrence"
    changes = "the recurrence: linear and diagonal"
    reference = "after Orvieto et al. 2023"
    parameter_rates: ClassVar = {"decay": 0.1}

    def cell(self, members, inputs, hidden):
        return DiagonalCell(members, inputs, hidden)


class Projected(TanhNetwork):
    """Recurrent weights put back to the nearest orthogonal matrix after each step."""

    name = "projected"
    title = "Tanh RNN, projected"
    family = "orthogonal"
    changes = "the recurrent weights: orthogonal after each step"
    reference = "an example"

    def after_update(self):
        for layer in self.layers:
            q, r = torch.linalg.qr(layer.recurrent_weight)
            layer.recurrent_weight.copy_(q * r.diagonal(dim1=-2, dim2=-1).sign().unsqueeze(-2))


HONEST = (SlowLeaky, Oscillators, TwoIndependentLayers, BoundedIndependent, SlowDecays, Projected)
