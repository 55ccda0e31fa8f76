"""TensorBoard shows zero gradients for a fused LSTM, though it trains."""

import torch
from torch import nn

THREAD = "github.com/keras-team/keras/issues/12125"
VERDICT = "healthy"
SAYS = "uses the newest"
OPTIONS = {"lag": 3}


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(1, 16, batch_first=True)
        self.readout = nn.Linear(16, 1)

    def forward(self, x):
        return self.readout(self.rnn(x)[0][:, -1])


def batch():
    """Say at the end what stood 3 steps before."""
    x = torch.randn(256, 8, 1)
    return x, x[:, -1 - 3]
