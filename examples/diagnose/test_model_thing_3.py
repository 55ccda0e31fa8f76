"""Decays collapse to a half-life of about one symbol."""

import torch
from torch import nn

THREAD = "github.com/jrz97619761/test-model-thing/issues/3"
VERDICT = "vanishes"
SAYS = "halves every 1.0 steps"
OPTIONS = {"lag": 16}


class Model(nn.Module):
    """A linear recurrence with a decay for each unit."""

    def __init__(self):
        super().__init__()
        self.inputs, self.readout = nn.Embedding(8, 16), nn.Linear(16, 8)
        self.decay = nn.Parameter(torch.zeros(16))

    def forward(self, x):
        h = 0
        for now in self.inputs(x).unbind(1):
            h = torch.sigmoid(self.decay) * h + now
        return self.readout(h)


def batch():
    """The symbol of sixteen steps ago."""
    x = torch.randint(8, (48, 24))
    return x, x[:, -17]
