"""The loss on a noisy sine wave stays at the mean."""

import torch
from torch import nn

THREAD = "discuss.mxnet.apache.org/t/difficulties-with-recurrent-network/6483"
VERDICT = "wiring"
SAYS = "takes sequences for steps"


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(1, 16)
        self.readout = nn.Linear(16, 1)

    def forward(self, x):
        return self.readout(self.rnn(x.reshape(x.shape[1], x.shape[0], 1))[0][-1])


def batch():
    """The next value of noisy sine waves."""
    phase = 6.28 * torch.rand(64, 1)
    wave = torch.sin(phase + 0.5 * torch.arange(20 + 1)) + 0.1 * torch.randn(64, 20 + 1)
    return wave[:, :-1, None], wave[:, -1:]
