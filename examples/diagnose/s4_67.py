"""In reinforcement learning the model cannot repeat the input of four steps ago."""

import torch
from torch import nn

THREAD = "github.com/state-spaces/s4/issues/67"
VERDICT = "cut"
SAYS = "exactly 0 beyond the newest steps (1 of 16)"
OPTIONS = {"lag": 4}


class Model(nn.Module):
    """It is called once a step, and its state is not carried over."""

    def __init__(self):
        super().__init__()
        self.cell, self.readout = nn.GRUCell(1, 16), nn.Linear(16, 1)

    def forward(self, x):
        return self.readout(torch.stack([self.cell(now) for now in x.unbind(1)], 1))


def batch():
    """Say at each step what stood four steps before."""
    x = torch.randn(64, 16, 1)
    return x, x.roll(4, 1)
