"""The gradient of an LSTM's cell state is down to .0067 after 20 steps: it should last for hundreds."""

import torch
from torch import nn

THREAD = "github.com/keras-team/keras/issues/16151"
VERDICT = "vanishes"
SAYS = "reaches"
OPTIONS = {"lag": 20}


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(1, 32, batch_first=True)
        self.readout = nn.Linear(32, 1)

    def forward(self, x):
        return self.readout(self.rnn(x)[0][:, -1])


def batch():
    """Say at the end what stood 20 steps before."""
    x = torch.randn(48, 32, 1)
    return x, x[:, -1 - 20]
