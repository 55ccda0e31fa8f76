"""How should attributions of a GRU over steps and features be read?"""

import torch
from torch import nn

THREAD = "github.com/meta-pytorch/captum/issues/1205"
VERDICT = "healthy"
SAYS = "uses the newest 10 steps"
OPTIONS = {"lag": 9}


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(3, 32, batch_first=True)
        self.readout = nn.Linear(32, 2)

    def forward(self, x):
        return self.readout(self.rnn(x)[0][:, -1])


def batch():
    """The sign of the first value decides."""
    x = torch.randn(384, 10, 3)
    return x, (x[:, 0, 0] > 0).long()
