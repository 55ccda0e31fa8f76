"""An IndRNN fails on long sequences: its recurrent weights at the start."""

import torch
from torch import nn

THREAD = "github.com/batzner/indrnn/issues/9"
VERDICT = "explodes"
SAYS = "explodes"


class Model(nn.Module):
    """h' = relu(u h + W x): a weight for each unit, drawn up to 1.2 where the length allows no more than 1.01."""

    def __init__(self):
        super().__init__()
        self.inputs, self.readout = nn.Linear(2, 32), nn.Linear(32, 1)
        self.recurrent = nn.Parameter(0.8 + 0.4 * torch.rand(32))

    def forward(self, x):
        h = 0
        for now in self.inputs(x).unbind(1):
            h = torch.relu(now + self.recurrent * h)
        return self.readout(h)


def batch():
    """The adding problem: the sum of two marked values, one in each half."""
    values, marks = torch.rand(32, 100), torch.zeros(32, 100)
    rows = torch.arange(32)
    marks[rows, torch.randint(50, (32,))] = 1
    marks[rows, 50 + torch.randint(50, (32,))] = 1
    return torch.stack([values, marks], -1), (values * marks).sum(1, keepdim=True)
