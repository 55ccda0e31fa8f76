"""Recurrences whose kernels keep no state but the last: the way back runs each sequence anew."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bench.engine.layer import State
from bench.engine.native import NativeCell, runs_natively
from bench.engine.native.library import call
from bench.engine.recurrence import Recurrence


class Rerun(Recurrence):
    """A recurrence with one state (E, B, state_size) whose kernel, which `fallback` calls by `rerun`, keeps none."""

    def start(self, x: Tensor) -> State:
        """Return zeros (E, B, state_size) for x (E, T, B, I)."""
        return (x.new_zeros(x.shape[0], x.shape[2], self.state_size),)

    def floats_a_step(self, dtype: torch.dtype) -> int:
        """Count no state where the kernel runs."""
        count = super().floats_a_step(dtype)
        if dtype == torch.float32 and runs_natively(self.input_weight):
            return count - 3 * self.state_size + 8 * self.hidden
        return count


def rerun(cell: NativeCell, sizes: tuple[int, ...], shape: torch.Size) -> tuple[Tensor, Tensor]:
    """Call a kernel for input that `runs_natively`; returns all outputs, of this shape, and the last state.

    The last of the cell's parameters is the first state. sizes are the kernel's first words.
    """
    outputs, end = RerunPass.apply(cell.name, sizes, shape, *cell.parameters)
    return outputs, end


class RerunPass(torch.autograd.Function):
    """`rerun` and its way back, for which nothing is kept but what the kernel is given."""

    @staticmethod
    def forward(ctx: Any, name: str, sizes: tuple[int, ...], shape: torch.Size, *given: Tensor) -> tuple[Tensor, ...]:
        given = tuple(tensor.contiguous() for tensor in given)
        outputs, end = given[0].new_empty(shape), torch.empty_like(given[-1])
        call(f"{name}_forward", *sizes, *given, outputs, end)
        ctx.name, ctx.sizes = name, sizes
        ctx.save_for_backward(*given)
        return outputs, end

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_outputs: Tensor, d_end: Tensor) -> tuple[Tensor | None, ...]:
        gradients = tuple(map(torch.empty_like, ctx.saved_tensors))
        above = d_outputs.contiguous(), d_end.contiguous()
        call(f"{ctx.name}_backward", *ctx.sizes, *ctx.saved_tensors, *above, *gradients)
        return None, None, None, *gradients
