"""NaN in a layer with gates in logarithms."""

import torch
from torch import nn

THREAD = "github.com/fla-org/flash-linear-attention/issues/77"
VERDICT = "explodes"
SAYS = "not finite is in normalise, call 3"


class Normalise(nn.Module):
    def forward(self, h, decay):
        return h / decay.exp()


class Model(nn.Module):
    """Sums of decays in logarithms, undone by a division."""

    def __init__(self):
        super().__init__()
        self.inputs, self.readout, self.normalise = nn.Linear(1, 16), nn.Linear(16, 1), Normalise()

    def forward(self, x):
        h, decay = 0, torch.zeros(16)
        for now in self.inputs(x).unbind(1):
            decay = decay - 20.0
            h = self.normalise(h + now, decay)
        return self.readout(h)


def batch():
    """The next value of noisy sine waves."""
    phase = 6.28 * torch.rand(32, 1)
    wave = torch.sin(phase + 0.5 * torch.arange(16 + 1)) + 0.1 * torch.randn(32, 16 + 1)
    return wave[:, :-1, None], wave[:, -1:]
