"""It generates soup at a loss of .003: a convolution saw the future."""

import torch
from torch import nn

THREAD = "github.com/lucidrains/minGRU-pytorch/issues/3"
VERDICT = "wiring"
SAYS = "see the future"


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.mix = nn.Embedding(8, 16), nn.Conv1d(16, 16, 3, padding=1)
        self.rnn, self.readout = nn.GRU(16, 16, batch_first=True), nn.Linear(16, 8)

    def forward(self, x):
        mixed = self.mix(self.embedding(x).transpose(1, 2)).transpose(1, 2)
        return self.readout(self.rnn(mixed)[0])


def batch():
    """The next symbol of random text."""
    text = torch.randint(8, (32, 21))
    return text[:, :-1], text[:, 1:]
