"""Gradient flow: how large a loss's gradient is, step by step back in time, and how fast it decays.

Hochreiter (1991) and Bengio, Simard & Frasconi (1994): ∂L/∂h_t = (∏_{s>t} ∂h_s/∂h_{s−1})ᵀ ∂L/∂h_T, a product that
shrinks or grows exponentially with T − t.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
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
    """R² of a power law (a line against the logarithm of the lag) over the same range."""
    half_life: float
    """Steps in which the norm halves; infinite if it does not shrink."""
    reach: int
    """The furthest lag at which the norm is at least REACH_SHARE of that at `first_lag`."""


class Trajectory(NamedTuple):
    """A recurrence's way through a batch: its states after each step, by their names in `layer.states`."""

    layer: Recurrence
    states: dict[str, Tensor]
    """(E, T, B, H) each, with the graph that made them: a function of them may be followed back."""
    gradients: dict[str, Tensor]
    """∂L/∂state of each member's loss on the task, (E, T, B, H) each: constants."""


@contextmanager
def recorded(layers: Sequence[Layer]) -> Iterator[list[History]]:
    """Run recurrences step by step within this context, and append each state, which keeps its gradient, to its layer's
    history.

    That holds in every precision, for no kernel runs within it. A layer that is no recurrence keeps an empty history.
    """
    histories: list[History] = [[] for _ in layers]
    with ExitStack() as patches:
        for layer, history in zip(layers, histories, strict=True):
            if isinstance(layer, Recurrence):
                patches.enter_context(_patched(layer, _recorder(layer, history)))
        yield histories


@contextmanager
def _patched(layer: Recurrence, unroll: Callable[[Tensor, State], tuple[Tensor, State]]) -> Iterator[None]:
    """Make a layer run through `unroll` within this context, by no kernel of ours or of torch's."""
    own = {"native": lambda: None, "fallback": partial(Recurrence.fallback, layer), "unroll": unroll}
    before = {name: vars(layer)[name] for name in own if name in vars(layer)}
    vars(layer).update(own)
    try:
        yield
    finally:
        for name in own:
            del vars(layer)[name]
        vars(layer).update(before)


def trajectories(layers: Sequence[Layer], histories: Sequence[History], share: float) -> list[Trajectory]:
    """The recurrences' recorded ways, once the loss times `share` has been followed back."""
    return [
        Trajectory(
            layer,
            {name: torch.stack(steps, dim=1) for name, steps in _by_name(layer, history)},
            {
                name: torch.stack([_gradient(s) for s in steps], dim=1) / share
                for name, steps in _by_name(layer, history)
            },
        )
        for layer, history in zip(layers, histories, strict=True)
        if isinstance(layer, Recurrence)
    ]


def _by_name(layer: Recurrence, history: History) -> Iterator[tuple[str, tuple[Tensor, ...]]]:
    return zip(layer.states, zip(*history, strict=True), strict=True)


def _gradient(state: Tensor) -> Tensor:
    return torch.zeros_like(state) if state.grad is None else state.grad.detach()


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
    """Natural logarithms (E, T) of the Frobenius norms of T gradients (E, B, H), real or complex; None counts as zero.

    Scaled by the largest entry first, so that squares of tiny numbers do not vanish.
    """
    nothing = torch.full((members,), -math.inf, dtype=torch.float64)
    return torch.stack([nothing if g is None else _log_norm(g) for g in gradients], dim=1)


def _log_norm(gradient: Tensor) -> Tensor:
    flat = gradient.detach().abs().double().flatten(1).cpu()
    largest = flat.amax(1)
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
