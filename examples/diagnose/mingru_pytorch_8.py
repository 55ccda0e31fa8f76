"""Does minGRU handle vanishing gradients?"""

import torch
from torch import nn

THREAD = "github.com/lucidrains/minGRU-pytorch/issues/8"
VERDICT = "vanishes"
SAYS = "of 30 steps"
OPTIONS = {"lag": 30}


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate, self.new, self.readout = nn.Linear(1, 16), nn.Linear(1, 16), nn.Linear(16, 1)

    def forward(self, x):
        h = x.new_zeros(len(x), 16)
        for now in x.unbind(1):
            z = torch.sigmoid(self.gate(now))
            h = (1 - z) * h + z * self.new(now)
        return self.readout(h)


def batch():
    """Say at the end what stood 30 steps before."""
    x = torch.randn(48, 36, 1)
    return x, x[:, -1 - 30]
