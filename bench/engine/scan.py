"""Recurrences that are linear in a state without a matrix: all steps by one scan."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def scan(a: Tensor, b: Tensor, start: Tensor) -> Tensor:
    """h_t = a_t ∘ h_{t−1} + b_t: real or complex b (E, T, B, H), and a alike or broadcast to it; start (E, B, H).

    Returns all h_t (E, T, B, H). For factors that do not change over time, a is (E, 1, 1, H).
    """
    outputs: Tensor = LinearScan.apply(a.expand_as(b), b, start)
    return outputs


class LinearScan(torch.autograd.Function):
    """h_t = a_t ∘ h_{t−1} + b_t from h_0: one operation a step, forward and backward.

    With δ_t = ∂L/∂b_t, and a* the complex conjugate, which of a real number is itself:
    δ_t = ∂L/∂h_t + a*_{t+1} ∘ δ_{t+1}, ∂L/∂a_t = δ_t ∘ h*_{t−1}, and for the start a*_1 ∘ δ_1.
    """

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, start: Tensor) -> Tensor:
        outputs = torch.empty_like(b)
        h = start
        for a_now, b_now, out in zip(a.unbind(1), b.unbind(1), outputs.unbind(1), strict=True):
            h = torch.addcmul(b_now, a_now, h, out=out)
        ctx.save_for_backward(a, start, outputs)
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, ...]:
        a, start, outputs = ctx.saved_tensors
        back = a.conj()
        deltas = gradient.clone(memory_format=torch.contiguous_format)
        steps = list(zip(back.unbind(1), deltas.unbind(1), strict=True))
        for (_, before), (a_now, delta) in reversed(list(pairwise(steps))):
            before.addcmul_(a_now, delta)
        earlier = torch.cat([start.unsqueeze(1), outputs[:, :-1]], dim=1)
        return deltas * earlier.conj(), deltas, back[:, 0] * deltas[:, 0]
