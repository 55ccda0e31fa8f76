"""State tracking with a linear recurrence: which eigenvalues?"""

import torch
from torch import nn

THREAD = "github.com/state-spaces/mamba/issues/959"
VERDICT = "reached, not used"
SAYS = "still the constant"


class Model(nn.Module):
    """h' = a h + B x with 0 < a < 1: it keeps the past, and cannot track a parity."""

    def __init__(self):
        super().__init__()
        self.inputs, self.readout = nn.Linear(1, 16), nn.Linear(16, 2)
        self.keep = nn.Parameter(torch.full((16,), 3.0))

    def forward(self, x):
        h = 0
        for now in self.inputs(x).unbind(1):
            h = torch.sigmoid(self.keep) * h + now
        return self.readout(h)


def batch():
    """The parity of all bits."""
    bits = torch.randint(2, (768, 24, 1))
    return bits.float(), bits.sum((1, 2)) % 2
