"""Marks the tests that run the native kernels, and runs cells by kernels and by steps."""

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from bench.engine.native import library, runs_natively, why_not
from bench.engine.recurrence import Recurrence

needs_kernels = pytest.mark.skipif(library() is None, reason=f"no native kernels: {why_not()}")
"""Skips a test where there are no kernels, which CI counts as a failure."""


def by_kernel_and_by_steps(
    make: Callable[[int, int, int], Recurrence], sizes: tuple[int, int, int, int, int]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield outputs, the last state and all gradients of a cell with one state, in single and in double precision.

    sizes: members, steps, sequences, inputs, units.
    """
    members, steps, batch, inputs, hidden = sizes
    found = []
    for dtype in (torch.float32, torch.float64):
        draw = torch.Generator().manual_seed(1)
        cell = make(members, inputs, hidden)
        for parameter in cell.parameters():
            parameter.data = torch.randn(parameter.shape, generator=draw) * 0.5
        cell.to(dtype)
        x = torch.randn(members, steps, batch, inputs, generator=draw).to(dtype).requires_grad_()
        assert runs_natively(x) == (dtype == torch.float32)
        (zeros,) = cell.start(x)
        start = (torch.randn(zeros.shape, generator=draw) * 0.5).to(dtype).requires_grad_()
        outputs, (end,) = cell(x, (start,))
        wanted = [torch.randn(y.shape, generator=draw).to(dtype) for y in (outputs, end)]
        loss = (outputs * wanted[0]).sum() + (end * wanted[1]).sum()
        found.append([outputs, end, *torch.autograd.grad(loss, [x, start, *cell.parameters()])])
    return zip(*found, strict=True)
