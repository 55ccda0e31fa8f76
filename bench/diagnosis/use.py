"""Stage 5, use: how much of the past a model's loss really depends on.

Everything older than k steps is replaced by another sequence's; the smallest k at which that costs next to nothing is
the horizon used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.diagnosis.subject import Pass, Subject, classes_last, mean_loss
from bench.diagnosis.trivial import kind_of

SHARE = 0.1
"""Share of the cost of losing all inputs that counts as next to nothing."""
PAIRINGS = 24
"""Other pairings of inputs with targets that the loss is compared with."""
FINE = 16
"""Steps within which the horizon is looked for one by one."""


@dataclass(frozen=True)
class Use:
    """Losses with the newest k steps intact and everything before them another sequence's."""

    losses: dict[int, float]
    whole: float
    """Loss with everything intact."""
    chance: float = 0.0
    """Share of other pairings of inputs with targets in which the loss is as low: a p-value by permutation."""

    @property
    def horizon(self) -> int:
        """The fewest newest steps that give nearly the whole loss; 0 if the inputs are not used."""
        allowed = self.whole + SHARE * max(0.0, self.losses[0] - self.whole)
        return min(k for k, loss in self.losses.items() if loss <= allowed)


def measure(subject: Subject) -> Use | None:
    """Judge a trained model on sequences that it was not trained on, at the last scored step of each.

    None where there are targets at each step and a loss of the user's own, which cannot be taken at one step, and where
    the loss is not finite.
    """
    kind, _ = kind_of(subject)
    if subject.stepwise and kind is None:
        return None
    model, steps, ends = subject.copied(), subject.steps, _ends(subject)
    model.model.eval()
    x = subject.front(subject.batch.x)

    def loss(k: int, shift: int = 1) -> float:
        with torch.no_grad():
            found = model.with_x(replaced(x, ends - k, shift)).copied().run()
        return _at_the_end(model, found, ends, str(kind)) if subject.stepwise else float(found.loss)

    grid = sorted({0, *(2**i for i in range(steps.bit_length())), *(steps * i // 8 for i in range(1, 9)), steps})
    losses = {k: loss(k) for k in grid if k <= steps}
    if not math.isfinite(losses[steps]):
        return None
    horizon = Use(losses, losses[steps]).horizon
    low = max([k for k in losses if k < horizon], default=0)
    losses |= {k: loss(k) for k in (range(low + 1, horizon) if horizon - low <= FINE else ())}
    others = [loss(0, shift) for shift in range(1, min(subject.sequences, PAIRINGS + 1))]
    as_low = sum(other <= losses[steps] for other in others)
    return Use(losses, losses[steps], (1 + as_low) / (1 + len(others)))


def _ends(subject: Subject) -> Tensor:
    """The number of steps up to each sequence's last scored one, (B,)."""
    steps = torch.arange(1, subject.steps + 1)
    lengths = subject.batch.lengths
    ends = torch.full((subject.sequences,), subject.steps) if lengths is None else lengths.long()
    y = subject.front(subject.batch.y) if subject.stepwise else subject.batch.y
    if not subject.stepwise or y.is_floating_point() or y.dim() > 2:
        return ends
    return torch.where((y >= 0) & (steps <= ends[:, None]), steps, 1).max(1).values


def replaced(x: Tensor, count: Tensor | int, shift: int = 1) -> Tensor:
    """Inputs (B, T, …) whose first `count` steps, (B,) or of all, are those of the sequence `shift` places away."""
    old = torch.arange(x.shape[1], device=x.device) < torch.as_tensor(count, device=x.device).reshape(-1, 1)
    return torch.where(old.reshape(*old.shape, *[1] * (x.dim() - 2)), x.roll(shift, 0), x)


def _at_the_end(subject: Subject, found: Pass, ends: Tensor, kind: str) -> float:
    out, y = found.out, subject.batch.y
    if kind == "cross-entropy":
        out, y = classes_last(out, y), y.squeeze(-1) if y.shape[-1] == 1 and y.dim() > 2 else y
    rows = torch.arange(subject.sequences)
    out, y = subject.front(out)[rows, ends - 1], subject.front(y)[rows, ends - 1]
    return float(mean_loss(kind, out, y))
