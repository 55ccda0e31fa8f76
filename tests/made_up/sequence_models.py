"""Models and batches that tests diagnose."""

import math

import torch
from torch import Tensor, nn

from bench.diagnosis.subject import Batch, Subject


class Linear(nn.Module):
    """h' = W h + U x without biases, read at the last step; W is ρ times orthogonal."""

    def __init__(self, factor: float, size: int = 6, cut: int | None = None) -> None:
        super().__init__()
        W = torch.empty(size, size, dtype=torch.float64)
        nn.init.orthogonal_(W)
        self.W, self.U = nn.Parameter(factor * W), nn.Parameter(torch.eye(size).double())
        self.cut = cut

    def forward(self, x: Tensor) -> Tensor:
        h = x.new_zeros(x.shape[0], x.shape[2])
        for t in range(x.shape[1]):
            if self.cut is not None and t == x.shape[1] - self.cut:
                h = h.detach()
            h = h @ self.W.T + x[:, t] @ self.U.T
        return h


class Reader(nn.Module):
    """A fused layer, read at the last step."""

    def __init__(self, kind: type[nn.RNNBase] = nn.LSTM, inputs: int = 2, size: int = 8, **more: object) -> None:
        super().__init__()
        self.rnn = kind(inputs, size, **{"batch_first": True} | more)
        wide = size * (2 if more.get("bidirectional") else 1)
        self.readout = nn.Linear(wide, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.readout(self.rnn(x)[0][:, -1])


def noise(sequences: int = 12, steps: int = 20, inputs: int = 6, targets: int = 6) -> Batch:
    """Inputs and targets that have nothing to do with each other."""
    generator = torch.Generator().manual_seed(1)
    draw = lambda *size: torch.randn(*size, generator=generator)  # noqa: E731
    return Batch(draw(sequences, steps, inputs), draw(sequences, targets))


def subject(model: nn.Module, batch: Batch, **more: object) -> Subject:
    """A subject in double precision."""
    return Subject(model, batch, "mse", **more).doubled()  # type: ignore[arg-type]


LOG_HALF = math.log(0.5)
