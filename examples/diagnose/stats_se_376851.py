"""An LSTM does not learn a ridiculously simple sequence: here gradients were never zeroed."""

import torch
from torch import nn

THREAD = "stats.stackexchange.com/questions/376851"
VERDICT = "trivial"
SAYS = "the cause is in the training"
OPTIONS = {"trained": True}


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(1, 16, batch_first=True)
        self.readout = nn.Linear(16, 1)

    def forward(self, x):
        return self.readout(self.rnn(x)[0][:, -1])


def batch():
    """Say at the end what stood 2 steps before."""
    x = torch.randn(256, 8, 1)
    return x, x[:, -1 - 2]


def Model():
    """Train it without optimizer.zero_grad()."""
    torch.manual_seed(0)
    model, (x, y) = Network(), batch()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(20):
        ((model(x) - y) ** 2).mean().backward()
        optimizer.step()
    return model
