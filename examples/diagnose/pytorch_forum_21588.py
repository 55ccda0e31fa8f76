"""The adding problem of Hochreiter and Schmidhuber cannot be reproduced with two hidden units."""

import torch
from torch import nn

THREAD = "discuss.pytorch.org/t/reproducing-classical-lstm-results/21588"
VERDICT = "vanishes"
SAYS = "reaches"


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(2, 2, batch_first=True)
        self.readout = nn.Linear(2, 1)

    def forward(self, x):
        return self.readout(self.rnn(x)[0][:, -1])


def batch():
    """The adding problem: the sum of two marked values, one in each half."""
    values, marks = torch.rand(96, 60), torch.zeros(96, 60)
    rows = torch.arange(96)
    marks[rows, torch.randint(30, (96,))] = 1
    marks[rows, 30 + torch.randint(30, (96,))] = 1
    return torch.stack([values, marks], -1), (values * marks).sum(1, keepdim=True)
