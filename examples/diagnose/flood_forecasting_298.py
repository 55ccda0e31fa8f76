"""Clipping bound in normal training, and nobody knew."""

import torch
from torch import nn

THREAD = "github.com/google-research/flood-forecasting/issues/298"
VERDICT = "memory not needed"
SAYS = "newest"


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(1, 16, batch_first=True)
        self.readout = nn.Linear(16, 1)
        nn.init.constant_(self.readout.bias, 8.0)

    def forward(self, x):
        return self.readout(self.rnn(x)[0][:, -1])


def batch():
    """The next value of noisy sine waves."""
    phase = 6.28 * torch.rand(96, 1)
    wave = torch.sin(phase + 0.5 * torch.arange(20 + 1)) + 0.1 * torch.randn(96, 20 + 1)
    return wave[:, :-1, None], wave[:, -1:]
