"""Can vanishing gradients be detected automatically?"""

import torch
from torch import nn

THREAD = "github.com/official-stockfish/nnue-pytorch/issues/55"
VERDICT = "vanishes"
SAYS = "of 10 steps"
OPTIONS = {"lag": 10}


class Model(nn.Module):
    """A recurrent network of sigmoids."""

    def __init__(self):
        super().__init__()
        self.step, self.readout = nn.Linear(1 + 16, 16), nn.Linear(16, 1)

    def forward(self, x):
        h = x.new_zeros(len(x), 16)
        for now in x.unbind(1):
            h = torch.sigmoid(self.step(torch.cat([now, h], 1)))
        return self.readout(h)


def batch():
    """Say at the end what stood 10 steps before."""
    x = torch.randn(48, 16, 1)
    return x, x[:, -1 - 10]
