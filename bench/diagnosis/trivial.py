"""Stage 2, trivial: how far do predictors get that remember nothing, or no more than the last few steps?

All are fitted on two thirds of the sequences and judged on the rest, as the model is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from bench.diagnosis.subject import Subject, classes_last, mean_loss
from bench.errors import BenchError

FEWEST = 30
"""Sequences below which nothing can be fitted on some and judged on others."""
MOST_ROWS = 4000
"""Scored steps that predictors are fitted on, and as many that they are judged on."""
MOST_TOKENS = 64
"""Number of different tokens up to which simple predictors see which token it is."""
WINDOWS = (1, 2, 4, 8, 16, 32, 64)
RIDGES = (1e-4, 1e-2, 1.0, 100.0)
"""Strengths of the ridge penalty, per row, among which generalised cross-validation chooses."""


@dataclass(frozen=True)
class Levels:
    """Losses of simple predictors on the held-out third."""

    constant: float
    last: float
    """Loss of repeating the newest input; NaN where it is not of the targets' kind."""
    windows: dict[int, float]
    """Loss of a linear function of the newest k steps, by k; 1 is the memoryless predictor."""
    comparable: bool = True
    """True if the model's loss is of the same kind; False if it is one of the user's own."""

    def enough(self, level: float) -> int | None:
        """The fewest steps whose predictor reaches a loss; None if none does."""
        return next((k for k, loss in sorted(self.windows.items()) if loss <= level), None)


def divided(subject: Subject) -> tuple[Tensor, Tensor]:
    """Indices of the sequences to fit on and of those to judge on: the first two thirds, and the rest."""
    count = subject.sequences
    cut = count - count // 3
    return torch.arange(cut), torch.arange(cut, count)


def levels(subject: Subject) -> Levels | None:
    """Fit the simple predictors. None where there are too few sequences, or no loss of ours fits the targets."""
    kind, comparable = kind_of(subject)
    if kind is None or subject.sequences < FEWEST:
        return None
    classes = _classes(subject) if kind == "cross-entropy" else 0
    fit, judge = (_Rows(subject.part(part), classes) for part in divided(subject))
    windows = {}
    for k in (k for k in WINDOWS if k <= subject.steps):
        X, Z = fit.window(k), judge.window(k)
        if X.shape[1] > len(X) // 2:
            break
        windows[k] = _ridge(X, fit.targets, Z, judge, classes)
    mean = np.broadcast_to(fit.targets.mean(0), judge.targets.shape)
    constant = judge.loss(np.log(np.clip(mean, 1e-6, None)) if classes else mean)
    return Levels(constant, _last(judge, classes), windows, comparable)


def kind_of(subject: Subject) -> tuple[str | None, bool]:
    """Tell which of our two losses fits the targets, None if neither, and whether it is the model's own by value."""
    if subject.loss in ("mse", "cross-entropy"):
        return str(subject.loss), True
    found = subject.copied().run()
    kind = "mse" if subject.batch.y.is_floating_point() else "cross-entropy"
    try:
        ours = mean_loss(kind, found.out, subject.batch.y)
    except BenchError:
        return None, False
    return kind, torch.allclose(ours, found.loss.to(ours.dtype), rtol=1e-3)


def _classes(subject: Subject) -> int:
    return classes_last(subject.copied().run().out, subject.batch.y).shape[-1]


class _Rows:
    """The scored steps of some sequences, one a row, with the inputs before them."""

    def __init__(self, subject: Subject, classes: int) -> None:
        self.x = _features(subject).numpy()
        y = subject.front(subject.batch.y) if subject.stepwise else subject.batch.y
        lengths = subject.batch.lengths
        ends = torch.full((subject.sequences,), subject.steps) if lengths is None else lengths
        steps = torch.arange(subject.steps)
        scored = steps < ends[:, None] if subject.stepwise else steps == ends[:, None] - 1
        if not y.is_floating_point():
            scored = scored & ((y >= 0) if subject.stepwise and y.shape == scored.shape else True)
        rows, steps = scored.nonzero(as_tuple=True)
        thin = torch.linspace(0, len(rows) - 1, min(len(rows), MOST_ROWS)).long()
        self.rows, self.steps = rows[thin].numpy(), steps[thin].numpy()
        wanted = y[rows[thin], steps[thin]] if subject.stepwise else y[rows[thin]]
        self.classes = classes
        if classes:
            wanted = functional.one_hot(wanted.long().reshape(len(thin), -1)[:, 0].clamp(min=0), classes)
        self.targets = wanted.reshape(len(thin), -1).double().numpy()

    def window(self, k: int) -> np.ndarray:
        """The newest k inputs of each row, zeros before the start, (rows, k · features)."""
        padded = np.pad(self.x, ((0, 0), (k - 1, 0), (0, 0)))
        parts = [padded[self.rows, self.steps + k - 1 - back] for back in range(k)]
        return np.concatenate(parts, axis=1)

    def loss(self, predicted: np.ndarray) -> float:
        """Mean squared error, or cross-entropy of logits."""
        if not self.classes:
            return float(((predicted - self.targets) ** 2).mean())
        return float(-(torch.log_softmax(torch.from_numpy(predicted.copy()), 1).numpy() * self.targets).sum(1).mean())


def _features(subject: Subject) -> Tensor:
    """Inputs as numbers, (B, T, features): tokens become one-hot where there are few."""
    x = subject.front(subject.batch.x)
    if subject.tokens and x.dim() == 2 and int(x.min()) >= 0 and int(x.max()) < MOST_TOKENS:
        return functional.one_hot(x.long()).double()
    return (x.flatten(2) if x.dim() > 2 else x.unsqueeze(-1)).double()


def _last(judge: _Rows, classes: int) -> float:
    newest = judge.window(1)
    if classes or newest.shape != judge.targets.shape:
        return math.nan
    return judge.loss(newest)


def _ridge(X: np.ndarray, Y: np.ndarray, Z: np.ndarray, judge: _Rows, classes: int) -> float:
    """Held-out loss of a linear predictor fitted to X (rows, features) and Y, as its loss asks."""
    mean, scale = X.mean(0), X.std(0)
    scale[scale < 1e-9 * max(1.0, float(np.abs(X).max()))] = np.inf
    X, Z = (X - mean) / scale, (Z - mean) / scale
    if classes:
        return judge.loss(_logistic(X, Y, Z))
    centre = Y.mean(0)
    U, s, V = np.linalg.svd(X, full_matrices=False)
    projected = U.T @ (Y - centre)
    best, chosen = math.inf, s
    for ridge in RIDGES:
        shrunk = s**2 / (s**2 + ridge)
        rest = ((Y - centre - U @ (shrunk[:, None] * projected)) ** 2).mean()
        score = rest / (1 - shrunk.sum() / len(X)) ** 2 if shrunk.sum() < len(X) else math.inf
        if score < best:
            best, chosen = score, s / (s**2 + ridge)
    return judge.loss(Z @ (V.T @ (chosen[:, None] * projected)) + centre)


def _logistic(X: np.ndarray, Y: np.ndarray, Z: np.ndarray) -> np.ndarray:
    """Logits of a multinomial logistic regression with a small ridge penalty, by L-BFGS."""
    inputs, targets = (torch.from_numpy(np.ascontiguousarray(a)) for a in (X, Y))
    weight = torch.zeros(X.shape[1], Y.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.from_numpy(np.log(np.clip(Y.mean(0), 1e-6, None))).requires_grad_()
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=40, line_search_fn="strong_wolfe")

    def closure() -> float:
        optimizer.zero_grad()
        loss = -(torch.log_softmax(inputs @ weight + bias, 1) * targets).sum(1).mean()
        loss = loss + 1e-3 * (weight**2).sum()
        loss.backward()
        return float(loss.detach())

    optimizer.step(closure)
    with torch.no_grad():
        return (torch.from_numpy(np.ascontiguousarray(Z)) @ weight + bias).numpy()
