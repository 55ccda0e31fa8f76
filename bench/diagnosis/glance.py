"""A quick look at a model in training: five numbers, from a few sequences of one batch."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from bench.diagnosis import flow as flows
from bench.diagnosis.flow import Flow
from bench.diagnosis.subject import Batch, Subject
from bench.diagnosis.use import replaced

SEQUENCES = 8
"""Sequences that are looked at."""
LOOKS = 4
"""Horizons that are tried to see what is used: the whole, halves, quarters, eighths."""
NOTICED = 0.1
"""Relative change of the outputs above which they depend on what was replaced."""


class Norms:
    """Norms of the whole gradient at some updates, and how many of them a threshold would clip."""

    def __init__(self, threshold: float | None) -> None:
        self.threshold = threshold
        self.norms: list[float] = []

    def take(self, parameters: Iterable[Tensor]) -> None:
        """Note the norm of what stands in .grad."""
        gradients = [p.grad for p in parameters if p.grad is not None]
        if gradients:
            self.norms.append(float(torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))))

    def engaged(self) -> float:
        """The share of noted updates that were clipped; forgets them."""
        if self.threshold is None or not self.norms:
            self.norms.clear()
            return 0.0
        share = sum(norm > self.threshold for norm in self.norms) / len(self.norms)
        self.norms.clear()
        return share


def few(batch: Batch, time: int, stepwise: bool) -> Batch:
    """The first sequences of a batch, copied."""
    axis = 1 if time == 0 else 0
    x = batch.x.narrow(axis, 0, min(SEQUENCES, batch.x.shape[axis])).detach().clone()
    y = batch.y.narrow(axis if stepwise else 0, 0, x.shape[axis]).detach().clone()
    return Batch(x, y, None if batch.lengths is None else batch.lengths[: x.shape[axis]].clone())


def glance(subject: Subject) -> tuple[dict[str, float], Flow]:
    """Measure decay, half-life, reach and what is used, and leave no trace in the model."""
    copy = subject.copied()
    copy.model.eval()
    for parameter in copy.model.parameters():
        parameter.grad = None
    with torch.enable_grad():
        flow = flows.followed(copy, {})
    decay = flow.fitted
    numbers = {"flow/decay": decay.rate, "flow/half_life": decay.half_life, "flow/reach": float(decay.reach)}
    return {**numbers, "flow/used": float(_used(copy))}, flow


def _used(subject: Subject) -> int:
    """The fewest newest steps, among a few fractions of all, beyond which outputs hardly change with the inputs."""
    with torch.no_grad():
        x = subject.front(subject.batch.x)
        whole = subject.newest(subject.run().out)
        spread = float((whole - whole.roll(1, 0)).norm())
        used = subject.steps
        for k in (subject.steps >> look for look in range(1, LOOKS)):
            other = subject.with_x(replaced(x, subject.steps - k))
            if float((other.newest(other.run().out) - whole).norm()) > NOTICED * spread:
                break
            used = k
    return used


def concern(flow: Flow, steps: int) -> str:
    """Say in a sentence what is wrong with a gradient; empty if nothing is."""
    if not flow.finite:
        return f"The first value that is not finite is in {flow.problem}."
    decay = flow.fitted
    cut = flow.cut_at()
    if cut is not None:
        return f"The gradient is exactly 0 beyond the newest steps ({cut} of {steps})."
    if not math.isnan(decay.rate) and decay.reach < steps - 1 and decay.rate < 0:
        return (
            f"The gradient vanishes: it halves every {decay.half_life:.1f} steps and reaches {decay.reach} of "
            f"{steps - 1} with a hundredth of its norm."
        )
    if flow.explodes:
        return f"The gradient explodes: {decay.rate:+.3f} nats a step."
    return ""
