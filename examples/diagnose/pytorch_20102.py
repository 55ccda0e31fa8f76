"""nn.LSTM starts with forget biases of 0: what if they are 3?"""

import torch
from torch import nn

THREAD = "github.com/pytorch/pytorch/issues/20102"
VERDICT = "healthy"
SAYS = "uses the newest"
OPTIONS = {"lag": 8}


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(1, 16, batch_first=True)
        self.readout = nn.Linear(16, 1)
        with torch.no_grad():
            self.rnn.bias_ih_l0[16:32] = 3.0

    def forward(self, x):
        return self.readout(self.rnn(x)[0][:, -1])


def batch():
    """Say at the end what stood 8 steps before."""
    x = torch.randn(384, 12, 1)
    return x, x[:, -1 - 8]
