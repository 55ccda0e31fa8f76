"""Which threshold should gradients be clipped at?"""

import torch
from torch import nn

THREAD = "github.com/keras-team/keras/issues/1370"
VERDICT = "explodes"
SAYS = "explodes"


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(1, 32, nonlinearity="relu", batch_first=True)
        self.readout = nn.Linear(32, 1)
        nn.init.normal_(self.rnn.weight_hh_l0, std=0.5)

    def forward(self, x):
        return self.readout(self.rnn(x)[0][:, -1])


def batch():
    """The next value of noisy sine waves."""
    phase = 6.28 * torch.rand(64, 1)
    wave = torch.sin(phase + 0.5 * torch.arange(20 + 1)) + 0.1 * torch.randn(64, 20 + 1)
    return wave[:, :-1, None], wave[:, -1:]
