"""Norms and Adam's step by the kernels against torch in double precision."""

import pytest
import torch
from kernels import needs_kernels

from bench.engine import clipping
from bench.engine.native import native_adam, native_norm, steps_natively
from bench.engine.optimizer import keep_members, step_members, unit_rate_optimizer

pytestmark = needs_kernels

SHAPES = [(4, 37), (16,), (1, 1), (33,)]
"""Of a member's parameters: whole vectors, parts of one, and both."""
RATES = torch.tensor([1e-3, 1e-2, 0.3])


def drawn(update=0):
    torch.manual_seed(update)
    return [torch.randn(3, *shape) * 10.0 ** -(update % 4) for shape in SHAPES]


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_adam_steps_as_torch_does_in_double_precision(name):
    stacks = [[torch.nn.Parameter(p.to(dtype)) for p in drawn()] for dtype in (torch.float32, torch.float64)]
    optimizers = [unit_rate_optimizer(name, stack) for stack in stacks]
    rates, kept = RATES, torch.arange(3)
    for update in range(1, 31):
        for stack, optimizer in zip(stacks, optimizers, strict=True):
            if update == 11:
                keep_members(optimizer, torch.tensor([0, 2]))
            for p, g in zip(stack, drawn(update), strict=True):
                p.grad = g[kept if update < 11 else [0, 2]].to(p.dtype)
        if update == 11:
            rates = RATES[[0, 2]]
        if update == 1:
            assert not native_adam(optimizers[0], rates)  # torch's own step comes first
        step_members(optimizers[0], rates)
        step_members(optimizers[1], rates.double())
    for p, q in zip(*stacks, strict=True):
        torch.testing.assert_close(p.double(), q, rtol=2e-5, atol=2e-6)


def test_what_kernels_cannot_take_is_left_to_torch():
    stack = [torch.nn.Parameter(p) for p in drawn()]
    optimizer = torch.optim.Adam(stack, lr=1.0, weight_decay=0.1)
    for _ in range(2):
        for p in stack:
            p.grad = torch.ones_like(p)
        before = [p.clone() for p in stack]
        assert not native_adam(optimizer, RATES)
        assert all(torch.equal(old, p) for old, p in zip(before, stack, strict=True))
        step_members(optimizer, RATES)
    assert not steps_natively([drawn()[0].transpose(1, 2)])
    assert not steps_natively([drawn()[0].double()])


def test_a_parameter_without_gradient_stays():
    stack = [torch.nn.Parameter(p) for p in drawn()]
    optimizer = unit_rate_optimizer("adam", stack)
    before = stack[1].detach().clone()
    for _ in range(3):
        for p in (stack[0], *stack[2:]):
            p.grad = torch.ones_like(p)
        step_members(optimizer, RATES)
    assert torch.equal(stack[1], before)


@pytest.mark.parametrize("size", [1e-30, 1.0, 1e25])
def test_norms_neither_vanish_nor_overflow_on_the_way(size):
    gradients = [g * size for g in drawn()]
    expected = clipping.global_norm([g.double() for g in gradients])
    torch.testing.assert_close(native_norm(gradients).double(), expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_what_is_not_finite_shows_in_its_members_norm_alone(value):
    gradients = drawn()
    gradients[1][1, 3] = value
    assert native_norm(gradients).isfinite().tolist() == [True, False, True]
