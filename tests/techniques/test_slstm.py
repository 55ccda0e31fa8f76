"""The sLSTM against its paper's equations, without stabilisation, and its kernel against its steps."""

import pytest
import torch
from kernels import needs_kernels
from stacks_by_hand import (
    H,
    N,
    T,
    built,
    cell_by_formula,
    equals_the_equations,
    formula,
    gives_the_same_where_a_probe_follows_its_states,
    goes_on_from_a_state,
)

from bench.engine.native import runs_natively
from bench.techniques.slstm import NOTHING_YET, ScalarCell


def slstm(p, x):
    """The equations as they are before m is taken out: c and n may grow."""
    h = c = n = torch.zeros(H).double()
    for v in x:
        i, f, z, o = (v @ p["input_weight"] + h @ p["recurrent_weight"] + p["bias"]).split(H)
        f, o = 1 / (1 + torch.exp(-f)), 1 / (1 + torch.exp(-o))
        c, n = f * c + torch.exp(i) * torch.tanh(z), f * n + torch.exp(i)
        h = o * c / n
        yield h


def test_values_and_gradients_equal_the_papers_equations():
    equals_the_equations(*built("slstm"), [slstm])


def test_a_carried_state_continues_the_sequence():
    goes_on_from_a_state(*built("slstm"))


def test_the_states_that_a_probe_follows_give_the_same_outputs():
    gives_the_same_where_a_probe_follows_its_states(*built("slstm"))


def test_a_public_implementation_gives_the_same_numbers():
    """The numbers are those of NX-AI/xlstm, xlstm/blocks/slstm/src/vanilla/slstm.py, slstm_forward_pointwise."""
    outputs, _ = cell_by_formula("slstm")(formula((1, T, 1, N), 0.5))
    numbers = torch.tensor(
        [-0.128424824248, -0.093340981084, -0.362439488832, 0.748943312684, -0.691973907196, 0.268299331512],
        dtype=torch.float64,
    )
    torch.testing.assert_close(outputs[0, -1, 0], numbers, rtol=0, atol=1e-11)


SIZES = {
    "odd": (3, 7, 5, 4, 6),
    "one of each": (1, 1, 1, 1, 1),
    "whole vectors": (2, 9, 32, 2, 64),
    "many chunks": (2, 90, 13, 3, 67),
}
"""Members, steps, sequences, inputs, units."""


@needs_kernels
@pytest.mark.parametrize("last", [None, 3])
@pytest.mark.parametrize("size", SIZES)
def test_the_kernel_equals_steps_in_double_precision(size, last):
    members, steps, batch, inputs, hidden = SIZES[size]
    found = []
    for dtype in (torch.float32, torch.float64):
        draw = torch.Generator().manual_seed(1)
        cell = ScalarCell(members, inputs, hidden)
        for parameter in cell.parameters():
            spread = 1.0 if parameter.dim() == 2 else parameter.shape[1] ** -0.5
            parameter.data = torch.randn(parameter.shape, generator=draw) * spread
        cell.to(dtype)
        x = torch.randn(members, steps, batch, inputs, generator=draw).to(dtype).requires_grad_()
        h, c = torch.randn(2, members, batch, hidden, generator=draw)
        n = torch.rand(members, batch, hidden, generator=draw) + 0.5
        state = h.to(dtype).requires_grad_(), torch.cat([c, n, 0.3 * c], dim=-1).to(dtype).requires_grad_()
        assert runs_natively(x) == (dtype == torch.float32)
        outputs, ends = cell(x, state, min(last, steps) if last else None)
        weights = [torch.randn(y.shape, generator=draw).to(dtype) for y in (outputs, *ends)]
        loss = sum((y * w).sum() for y, w in zip((outputs, *ends), weights, strict=True))
        found.append([outputs, *ends, *torch.autograd.grad(loss, [x, *state, *cell.parameters()])])
    for single, double in zip(*found, strict=True):
        assert (single.double() - double).norm() < 1e-5 * double.norm().clamp(min=1e-6)


@needs_kernels
def test_the_kernel_keeps_to_infinity_and_not_a_number():
    """Gates of any size are stable; what is not a number stays so, and stays in its member."""
    cell = ScalarCell(3, 1, 20)
    for parameter in cell.parameters():
        parameter.data.fill_(0.1)
    cell.input_weight.data[0] = 1e4
    cell.input_weight.data[1] = float("nan")
    x = torch.tensor([1.0, -1.0, 1.0]).view(1, 3, 1, 1).expand(3, 3, 2, 1).contiguous()
    outputs, _ = cell(x)
    outputs.sum().backward()
    assert outputs[[0, 2]].isfinite().all()
    assert outputs[1].isnan().all()
    assert all(parameter.grad[[0, 2]].isfinite().all() for parameter in cell.parameters())


def test_it_starts_with_forget_gates_as_published_and_with_no_memory():
    cell = ScalarCell(1, 2, 5)
    cell.reset(0, lambda _: torch.Generator().manual_seed(1), "default")
    i, f, z, o = cell.bias[0].detach().split(5)
    assert not i.any()
    assert not z.any()
    assert not o.any()
    torch.testing.assert_close(f, torch.tensor([5.0, 5 - 12 * 0.25**0.3, 5 - 12 * 0.5**0.3, 5 - 12 * 0.75**0.3, -7.0]))
    _, memory = cell.start(torch.zeros(1, 3, 2, 2))
    assert memory[..., :10].abs().max() == 0
    assert (memory[..., 10:] == NOTHING_YET).all()
