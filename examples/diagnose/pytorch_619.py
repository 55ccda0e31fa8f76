"""It trains with one of two equal states, never with the other."""

import torch
from torch import nn

THREAD = "github.com/pytorch/pytorch/issues/619"
VERDICT = "wiring"
SAYS = "No parameter of rnn has a gradient"


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(1, 16, batch_first=True)
        self.readout = nn.Linear(16, 1)

    def forward(self, x):
        return self.readout(self.rnn(x)[1][0].data[0])


def batch():
    """The next value of noisy sine waves."""
    phase = 6.28 * torch.rand(32, 1)
    wave = torch.sin(phase + 0.5 * torch.arange(12 + 1)) + 0.1 * torch.randn(32, 12 + 1)
    return wave[:, :-1, None], wave[:, -1:]
