"""Recurrences by the native kernels: one call a pass, in single precision on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bench.engine.native.library import call, library


@dataclass(frozen=True)
class NativeCell:
    """A recurrence's native kernel and what it needs to run.

    name: the kernels are {name}_forward and {name}_backward. parameters: in their order, E first.
    """

    name: str
    parameters: tuple[Tensor, ...]
    scalars: tuple[int | float, ...] = ()
    kept: tuple[int, ...] = ()
    """Widths, in units of H, of what the forward pass keeps for the way back; 0 where it need not."""


def runs_natively(x: Tensor) -> bool:
    """Return True if kernels exist and can take this input: single precision, on the CPU."""
    return x.dtype == torch.float32 and x.device.type == "cpu" and library() is not None


def run(cell: NativeCell, x: Tensor, state: Sequence[Tensor], last: int) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Map x (E, T, B, I) to the outputs of the last steps (E, last, B, H) and the last state."""
    inputs = (x, *cell.parameters, *state)
    keep = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in inputs)
    outputs, *others = NativePass.apply(cell, last, keep, *inputs)
    return outputs, (outputs[:, -1], *others)


class NativePass(torch.autograd.Function):
    """BPTT in one native call each way. Returns the outputs and the last of every state but the first, which is h."""

    @staticmethod
    def forward(ctx: Any, cell: NativeCell, last: int, keep: bool, *inputs: Tensor) -> tuple[Tensor, ...]:
        inputs = tuple(tensor.contiguous() for tensor in inputs)
        x, states = inputs[0], inputs[1 + len(cell.parameters) :]
        members, steps, batch, _ = x.shape
        hidden = states[0].shape[-1]
        outputs = x.new_empty(members, steps, batch, hidden)
        rows = (members, steps if keep else 1, batch)
        kept = [x.new_empty(*rows, width * hidden) if width else None for width in cell.kept]
        sizes = (*x.shape, hidden)
        call(f"{cell.name}_forward", *sizes, int(keep), *cell.scalars, *inputs, outputs, *kept)
        ctx.cell, ctx.sizes, ctx.given = cell, sizes, last
        if keep:
            ctx.save_for_backward(*inputs, outputs, *kept)
        # a kernel with a second state keeps its history last
        ends = [kept[-1][:, -1].clone()] if len(states) > 1 and kept[-1] is not None else []
        return outputs[:, steps - last :], *ends

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_outputs: Tensor, *d_ends: Tensor) -> tuple[Tensor | None, ...]:
        cell: NativeCell = ctx.cell
        saved = ctx.saved_tensors
        inputs = saved[: 1 + len(cell.parameters) + 1 + len(d_ends)]
        wanted = ctx.needs_input_grad[3:]
        given = [torch.empty_like(tensor) for tensor in inputs[1 : len(inputs) - len(d_ends)]]
        given += [d_end.clone(memory_format=torch.contiguous_format) for d_end in d_ends]
        gradients = [torch.empty_like(inputs[0]) if wanted[0] else None, *given]
        call(
            f"{cell.name}_backward",
            *ctx.sizes,
            ctx.given,
            *cell.scalars,
            *saved,
            d_outputs.contiguous(),
            *gradients,
        )
        return None, None, None, *(g if want else None for g, want in zip(gradients, wanted, strict=True))
