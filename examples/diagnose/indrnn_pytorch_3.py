"""An LSTM does not converge on the adding problem: batch_first was forgotten."""

import torch
from torch import nn

THREAD = "github.com/StefOe/indrnn-pytorch/issues/3"
VERDICT = "wiring"
SAYS = "batch_first=True"


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(2, 16)
        self.readout = nn.Linear(16, 1)

    def forward(self, x):
        return self.readout(self.rnn(x)[0][:, -1])


def batch():
    """The adding problem: the sum of two marked values, one in each half."""
    values, marks = torch.rand(32, 20), torch.zeros(32, 20)
    rows = torch.arange(32)
    marks[rows, torch.randint(10, (32,))] = 1
    marks[rows, 10 + torch.randint(10, (32,))] = 1
    return torch.stack([values, marks], -1), (values * marks).sum(1, keepdim=True)
