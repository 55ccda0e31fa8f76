"""A bidirectional LSTM of one layer only repeats the last step."""

import torch
from torch import nn

THREAD = "discuss.pytorch.org/t/one-layer-bilstm-is-not-learning/175731"
VERDICT = "wiring"
SAYS = "seen one step alone"


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(1, 16, bidirectional=True, batch_first=True)
        self.readout = nn.Linear(32, 1)

    def forward(self, x):
        return self.readout(self.rnn(x)[0][:, -1])


def batch():
    """Say at the end what stood 11 steps before."""
    x = torch.randn(32, 12, 1)
    return x, x[:, -1 - 11]
