"""How can one measure the time dependency of an RNN?"""

import torch
from torch import nn

THREAD = "cs.stackexchange.com/questions/129437"
VERDICT = "healthy"
SAYS = "uses the newest 6 steps"
OPTIONS = {"lag": 5}


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(1, 16, batch_first=True)
        self.readout = nn.Linear(16, 1)

    def forward(self, x):
        return self.readout(self.rnn(x)[0][:, -1])


def batch():
    """Say at the end what stood 5 steps before."""
    x = torch.randn(256, 12, 1)
    return x, x[:, -1 - 5]
