"""The loss of an LSTM for regression does not fall; the same network in Keras learns."""

import torch
from torch import nn

THREAD = "discuss.pytorch.org/t/loss-not-decreasing-in-lstm-network/159152"
VERDICT = "wiring"
SAYS = "by broadcasting"


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(1, 16, batch_first=True)
        self.readout = nn.Linear(16, 1)

    def forward(self, x):
        return self.readout(self.rnn(x)[0][:, -1])


def loss(out, y):
    return ((out - y) ** 2).mean()  # (B, 1) and (B,): every output with every target


OPTIONS = {"loss": loss}


def batch():
    """Say at the end what stood 2 steps before."""
    x = torch.randn(32, 12, 1)
    return x, x[:, -1 - 2, 0]
