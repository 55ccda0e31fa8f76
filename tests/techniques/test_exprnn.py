"""expRNN against its paper's equation, its matrix against a series, and numbers of its authors' code."""

import copy
import math
from dataclasses import replace

import pytest
import torch
from cells_by_hand import assert_as_written, by_formula, drawn
from kernels import needs_kernels

from bench.techniques.contract import TINY, EasyTask
from bench.techniques.exprnn import ExponentialCell, ExpRNN

H = 5
NUMBERS = [4.393282621525348, -2.1985575554443795, -0.3481562077357494, -1.6962506453581208, -1.8786052375320674]
"""The last outputs of the first sequence by the authors' code: lezcano/expRNN, OrthogonalRNN of orthogonal.py."""


def skew(values):
    """A from what stands above its diagonal, row by row."""
    above, entries = torch.zeros(H, H, dtype=torch.float64), iter(values)
    for i in range(H):
        for j in range(i + 1, H):
            above[i, j] = next(entries)
    return above - above.T


def series(a):
    """exp(A) by its power series."""
    total = term = torch.eye(len(a), dtype=a.dtype)
    for n in range(1, 60):
        term = term @ a / n
        total = total + term
    return total


def exprnn(p, x, h):
    z = x @ p["input_weight"] + h @ series(skew(p["skew_weight"]))
    return (torch.stack([torch.sign(v) * max(abs(v) + b, v * 0) for v, b in zip(z, p["unit_bias"], strict=True)]),)


def test_values_and_gradients_are_the_papers():
    assert_as_written(drawn(ExponentialCell(2, 3, H)), exprnn, rtol=1e-9)


def test_numbers_are_those_of_the_authors_code():
    cell = ExponentialCell(1, 3, H)
    outputs, _ = cell(by_formula(cell))
    assert outputs[0, -1, 0].tolist() == pytest.approx(NUMBERS, rel=1e-12)


@pytest.mark.parametrize("hidden", [6, 7])
def test_at_the_start_pairs_of_units_are_rotated_and_afterwards_the_matrix_stays_orthogonal(hidden):
    module = ExpRNN(replace(TINY, hidden_size=hidden), EasyTask())
    matrix = module.layers[0].matrix().detach()[0]
    for pair in range(0, hidden - 1, 2):
        block = matrix[pair : pair + 2, pair : pair + 2]
        assert block[0, 0].item() == pytest.approx(block[1, 1].item(), abs=1e-6)
        assert math.hypot(*block[0].tolist()) == pytest.approx(1, abs=1e-6)
    rest = matrix - torch.block_diag(*[matrix[k : k + 2, k : k + 2] for k in range(0, hidden, 2)])
    assert rest.abs().max() < 1e-6
    optimizer = module.configure_optimizers()
    for _ in range(20):
        x = torch.randn(3, TINY.steps, 7, TINY.inputs, generator=torch.Generator().manual_seed(1))
        module.update(optimizer, x, x[:, -TINY.scored :, :, : TINY.outputs])
    after = module.layers[0].matrix().detach()
    torch.testing.assert_close(after.mT @ after, torch.eye(hidden).expand_as(after), atol=1e-5, rtol=0)
    assert not torch.allclose(after[0], matrix, atol=1e-3), "it has learnt"


@needs_kernels
@pytest.mark.parametrize(
    "sizes", [(3, 7, 5, 4, 6), (1, 1, 1, 1, 1), (2, 9, 32, 2, 64), (2, 90, 13, 3, 67), (2, 20, 8, 48, 48)]
)
def test_the_kernel_equals_the_step_in_double_precision(sizes):
    """With a matrix that exchanges units and whole numbers, so that no rounding turns the sign of a z next to 0."""
    members, steps, batch, inputs, hidden = sizes
    draw = torch.Generator().manual_seed(1)

    def whole(*shape):
        return torch.randint(-1, 2, shape, generator=draw).float()

    cell = ExponentialCell(members, inputs, hidden)
    for parameter in cell.parameters():
        parameter.data = whole(*parameter.shape) / 2
    exchange = torch.eye(hidden)[torch.randperm(hidden, generator=draw)].repeat(members, 1, 1)
    given = whole(members, steps, batch, inputs), whole(members, batch, hidden), exchange
    wanted = whole(members, steps, batch, hidden)
    found = []
    for dtype in (torch.float32, torch.float64):
        own = copy.deepcopy(cell).to(dtype)
        x, h, matrix = leaves = [tensor.to(dtype).requires_grad_() for tensor in given]
        own.matrix = lambda matrix=matrix: matrix
        outputs, _ = own(x, (h,)) if dtype == torch.float32 else own.loop(own.drive(x), (h,))
        learned = [own.input_weight, own.unit_bias]
        found.append([outputs, *torch.autograd.grad((outputs * wanted).sum(), [*leaves, *learned])])
    for native, exact in zip(*found, strict=True):
        assert (native.double() - exact).norm() <= 1e-5 * exact.norm()
