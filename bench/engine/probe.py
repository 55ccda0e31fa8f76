"""Gradient flow: how large a loss's gradient is, step by step back in time, and how fast it decays.

Hochreiter (1991) and Bengio, Simard & Frasconi (1994): ∂L/∂h_t = (∏_{s>t} ∂h_s/∂h_{s−1})ᵀ ∂L/∂h_T, a product that
shrinks or grows exponentially with T − t.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from bench.engine.layer import Layer, State
from bench.engine.recurrence import Recurrence

REACH_SHARE = 0.01
"""A gradient reaches as far back as it keeps this share of its norm."""

History = list[State]
"""A recurrence's states after each step, in order."""


class Decay(NamedTuple):
    """An exponential fitted to a gradient's norm by least squares on its logarithm."""

    rate: float
    """Nats a step further back; negative where the gradient shrinks."""
    first_lag: int
    last_lag: int
    """The fitted range: steps back from the end, of those where the norm is not 0."""
    r2: float
    power_r2: float
    """Of a power law (against the logarithm of the lag) over the same range."""
    half_life: float
    """Steps in which the norm halves; infinite if it does not shrink."""
    reach: int
    """The furthest lag at which the norm is at least REACH_SHARE of that at `first_lag`."""


@contextmanager
def recorded(layers: Sequence[Layer]) -> Iterator[list[History]]:
    """Within it, recurrences run step by step, and each layer's history grows; its states keep their gradients.

    What is no recurrence keeps an empty history.
    """
    histories: list[History] = [[] for _ in layers]
    patched = [(layer, history) for layer, history in zip(layers, histories, strict=True) if _steps(layer)]
    for layer, history in patched:
        layer.unroll = _recorder(layer, history)  # type: ignore[assignment, arg-type]
    try:
        yield histories
    finally:
        for layer, _ in patched:
            del layer.unroll


def _steps(layer: Layer) -> bool:
    return isinstance(layer, Recurrence)


def _recorder(layer: Recurrence, history: History) -> Callable[[Tensor, State], tuple[Tensor, State]]:
    """`Recurrence.loop` for this layer, with its states kept in `history`."""

    def unroll(drive: Tensor, state: State) -> tuple[Tensor, State]:
        outputs = []
        for now in drive.unbind(1):
            state = layer.step(now, state)
            for s in state:
                if s.requires_grad:
                    s.retain_grad()
            history.append(state)
            outputs.append(state[0])
        return torch.stack(outputs, dim=1), state

    return unroll


def log_norms(gradients: Sequence[Tensor | None], members: int) -> Tensor:
    """Natural logarithms (E, T) of the Frobenius norms of T gradients (E, B, H); None counts as zero.

    Scaled by the largest entry first, so that squares of tiny numbers do not vanish.
    """
    nothing = torch.full((members,), -math.inf, dtype=torch.float64)
    return torch.stack([nothing if g is None else _log_norm(g) for g in gradients], dim=1)


def _log_norm(gradient: Tensor) -> Tensor:
    flat = gradient.detach().double().flatten(1).cpu()
    largest = flat.abs().amax(1)
    scaled = flat / largest.where(largest > 0, 1.0).unsqueeze(1)
    return largest.log() + torch.linalg.vector_norm(scaled, dim=1).log()


def fit_decay(log_norm: Tensor, first_lag: int = 0) -> Decay:
    """Fit a gradient's decay: log_norm (T,) by step, the last step last; lags below `first_lag` are left out.

    Not a number where fewer than three norms differ from 0. Lags beyond an exact zero (a cut gradient) do not count.
    """
    back = log_norm.flip(0).numpy()
    zero = np.flatnonzero(~np.isfinite(back[first_lag:]))
    end = first_lag + int(zero[0]) if len(zero) else len(back)
    lags, values = np.arange(first_lag, end, dtype=float), back[first_lag:end]
    if len(lags) < 3:
        return Decay(math.nan, first_lag, max(first_lag, end - 1), math.nan, math.nan, math.nan, 0)
    rate, r2 = _line(lags, values)
    after = lags >= 1
    power_r2 = _line(np.log(lags[after]), values[after])[1]
    half_life = -math.log(2) / rate if rate < 0 else math.inf
    far = np.flatnonzero(values >= values[0] + math.log(REACH_SHARE))
    return Decay(rate, first_lag, end - 1, r2, power_r2, half_life, first_lag + int(far[-1]))


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Slope and R² of a least-squares line; R² is 1 for a level one."""
    x, y = x - x.mean(), y - y.mean()
    slope = float(x @ y / (x @ x))
    total = float(y @ y)
    return slope, 1 - float(((y - slope * x) ** 2).sum()) / total if total > 0 else 1.0
