"""The gated delta rule on matrices of memory in one native call each way, which keeps no state but the last."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bench.engine.native import NativeCell
from bench.engine.native.library import call


def delta_rule(
    query: Tensor, key: Tensor, value: Tensor, beta: Tensor, kept: Tensor, start: Tensor
) -> tuple[Tensor, Tensor]:
    """S_t = f_t (S_{t−1} − β_t k_t (S_{t−1}ᵀ k_t)ᵀ) + k_t v_tᵀ, o_t = S_tᵀ q_t, by the kernel (`runs_natively`).

    query and key (E, T, B, heads, K), value (E, T, B, heads, V), β and `kept` f (E, T, B, heads), start
    (E, B, heads, K, V) → all o_t (E, T, B, heads, V) and the last S. With f = 1 and v = β v' it is the delta rule,
    with β = 0 linear attention with a gate.
    """
    outputs, end = DeltaRule.apply(query, key, value, beta, kept, start)
    return outputs, end


class DeltaRule(torch.autograd.Function):
    """`delta_rule` and its way back, which runs each head of each sequence anew to have its states."""

    @staticmethod
    def forward(ctx: Any, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        inputs = tuple(tensor.contiguous() for tensor in inputs)
        query, value, start = inputs[0], inputs[2], inputs[5]
        outputs, end = torch.empty_like(value), torch.empty_like(start)
        ctx.cell, ctx.sizes = NativeCell("delta", ()), (*query.shape, value.shape[-1])
        call(f"{ctx.cell.name}_forward", *ctx.sizes, *inputs, outputs, end)
        ctx.save_for_backward(*inputs)
        return outputs, end

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_outputs: Tensor, d_end: Tensor) -> tuple[Tensor, ...]:
        gradients = tuple(map(torch.empty_like, ctx.saved_tensors))
        above = d_outputs.contiguous(), d_end.contiguous()
        call(f"{ctx.cell.name}_backward", *ctx.sizes, *ctx.saved_tensors, *above, *gradients)
        return gradients
