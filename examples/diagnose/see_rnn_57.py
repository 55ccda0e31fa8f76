"""The gradient of the weights says nothing about vanishing over time: they are shared."""

import torch
from torch import nn

THREAD = "github.com/OverLordGoldDragon/see-rnn/issues/57"
VERDICT = "vanishes"
SAYS = "halves every"
OPTIONS = {"lag": 40}


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(1, 16, batch_first=True)
        self.readout = nn.Linear(16, 1)

    def forward(self, x):
        return self.readout(self.rnn(x)[0][:, -1])


def batch():
    """Say at the end what stood 40 steps before."""
    x = torch.randn(48, 44, 1)
    return x, x[:, -1 - 40]
