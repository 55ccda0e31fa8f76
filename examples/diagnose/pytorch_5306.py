"""A hand-written LSTM diverges in PyTorch."""

import torch
from torch import nn

THREAD = "github.com/pytorch/pytorch/issues/5306"
VERDICT = "explodes"
SAYS = "not finite"


class Model(nn.Module):
    """An LSTM without the sigmoids of its gates."""

    def __init__(self):
        super().__init__()
        self.gates, self.readout = nn.Linear(1 + 32, 4 * 32), nn.Linear(32, 1)
        nn.init.normal_(self.gates.weight, std=1.0)

    def forward(self, x):
        h = c = x.new_zeros(len(x), 32)
        for now in x.unbind(1):
            i, f, g, o = self.gates(torch.cat([now, h], 1)).chunk(4, 1)
            c = f * c + i * g
            h = o * torch.tanh(c)
        return self.readout(h)


def batch():
    """The next value of noisy sine waves."""
    phase = 6.28 * torch.rand(32, 1)
    wave = torch.sin(phase + 0.5 * torch.arange(20 + 1)) + 0.1 * torch.randn(32, 20 + 1)
    return wave[:, :-1, None], wave[:, -1:]
