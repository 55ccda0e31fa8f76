"""How do I get the gradient at each time step out of nn.LSTM?"""

import torch
from torch import nn

THREAD = "github.com/pytorch/pytorch/issues/1407"
VERDICT = "vanishes"
SAYS = "reaches"
OPTIONS = {"lag": 40}


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(1, 16, num_layers=2, batch_first=True)
        self.readout = nn.Linear(16, 1)

    def forward(self, x):
        return self.readout(self.rnn(x)[0][:, -1])


def batch():
    """Say at the end what stood 40 steps before."""
    x = torch.randn(48, 44, 1)
    return x, x[:, -1 - 40]
