"""Does sequence_length bound what my agent remembers?"""

import torch
from torch import nn

THREAD = "github.com/MarcoMeter/recurrent-ppo-truncated-bptt/issues/11"
VERDICT = "cut"
SAYS = "exactly 0 beyond the newest steps (8 of 16)"
OPTIONS = {"lag": 12}


class Model(nn.Module):
    """States at the start of a training sequence come from the buffer."""

    def __init__(self, sequence_length=8):
        super().__init__()
        self.cell, self.readout, self.sequence_length = nn.GRUCell(1, 16), nn.Linear(16, 1), sequence_length

    def forward(self, x):
        h = x.new_zeros(len(x), 16)
        for t, now in enumerate(x.unbind(1)):
            h = self.cell(now, h.detach() if t % self.sequence_length == 0 else h)
        return self.readout(h)


def batch():
    """Say at the end what stood 12 steps before."""
    x = torch.randn(32, 16, 1)
    return x, x[:, -1 - 12]
