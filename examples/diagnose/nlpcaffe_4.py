"""Why should clipping help against vanishing gradients?"""

import torch
from torch import nn

THREAD = "github.com/Russell91/nlpcaffe/issues/4"
VERDICT = "vanishes"
SAYS = "halves every"
OPTIONS = {"lag": 30}


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(1, 16, batch_first=True)
        self.readout = nn.Linear(16, 1)
        self.rnn.weight_hh_l0.data *= 0.5

    def forward(self, x):
        return self.readout(self.rnn(x)[0][:, -1])


def batch():
    """Say at the end what stood 30 steps before."""
    x = torch.randn(48, 36, 1)
    return x, x[:, -1 - 30]
