"""An LSTM predicts the same value whatever the input."""

import torch
from torch import nn

THREAD = "datascience.stackexchange.com/questions/54551"
VERDICT = "wiring"
SAYS = "do not depend on the inputs"


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(1, 16, batch_first=True)
        self.readout = nn.Linear(16, 1)
        nn.init.constant_(self.readout.bias, -9.0)

    def forward(self, x):
        return torch.relu(self.readout(self.rnn(x)[0][:, -1]))


def batch():
    """The next value of noisy sine waves."""
    phase = 6.28 * torch.rand(64, 1)
    wave = torch.sin(phase + 0.5 * torch.arange(20 + 1)) + 0.1 * torch.randn(64, 20 + 1)
    return wave[:, :-1, None], wave[:, -1:]
