"""The selective scan of Gu & Dao (2023) in one native call each way, which keeps no state but the last."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bench.engine.native import NativeCell
from bench.engine.native.library import call


def selective_scan(
    step: Tensor, value: Tensor, b: Tensor, c: Tensor, a: Tensor, start: Tensor
) -> tuple[Tensor, Tensor]:
    """h_t = exp(Δ_t A) ∘ h_{t−1} + b_t v_t, y_t = Σ_n c_n h_n, by the kernel, for input that `runs_natively`.

    step Δ and value v (E, T, B, H), b and c (E, T, B, N), a (E, N · H), start (E, B, N · H) → all y_t (E, T, B, H) and
    the last state.
    """
    y, end = SelectiveScan.apply(step, value, b, c, a, start)
    return y, end


class SelectiveScan(torch.autograd.Function):
    """`selective_scan` and its way back, which runs each sequence anew to have its states."""

    @staticmethod
    def forward(ctx: Any, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        inputs = tuple(tensor.contiguous() for tensor in inputs)
        step, b, start = inputs[0], inputs[2], inputs[5]
        y, end = torch.empty_like(step), torch.empty_like(start)
        ctx.cell, ctx.sizes = NativeCell("selective", ()), (*step.shape, b.shape[-1])
        call(f"{ctx.cell.name}_forward", *ctx.sizes, *inputs, y, end)
        ctx.save_for_backward(*inputs)
        return y, end

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_y: Tensor, d_end: Tensor) -> tuple[Tensor, ...]:
        gradients = tuple(map(torch.empty_like, ctx.saved_tensors))
        above = d_y.contiguous(), d_end.contiguous()
        call(f"{ctx.cell.name}_backward", *ctx.sizes, *ctx.saved_tensors, *above, *gradients)
        return gradients
