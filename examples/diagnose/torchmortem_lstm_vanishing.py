"""An example of gradients that vanish through time, whose own tool looks at layers."""

import torch
from torch import nn

THREAD = "torchmortem, examples/lstm_vanishing.py"
VERDICT = "vanishes"
SAYS = "of 49 steps"


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 16, batch_first=True)
        self.readout = nn.Linear(16, 2)

    def forward(self, x):
        return self.readout(self.rnn(x)[0][:, -1])


def batch():
    """The sign of the first value decides."""
    x = torch.randn(64, 50, 8)
    return x, (x[:, 0, 0] > 0).long()
