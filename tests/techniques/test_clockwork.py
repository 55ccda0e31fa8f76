"""The clockwork network against its paper's equation, unit by unit, and numbers of a public implementation."""

import copy
import math

import pytest
import torch
from cells_by_hand import BATCH, STEPS, by_formula, drawn
from kernels import needs_kernels

from bench.techniques.base import Situation
from bench.techniques.clockwork import Clockwork, ClockworkCell

NUMBERS = [
    0.7138017009471787,
    -0.63711588917307,
    -0.6038569617191213,
    -0.4038154420600636,
    -0.3499053319441287,
    -0.19468604327004296,
]
"""The last outputs of the first sequence by npow/schmidhuber-problems, clockwork-rnn/clockwork_rnn.py."""


def by_unit(cell, x, start, groups):
    """All states (E, T, B, H), of units that are given by their modules: [[0, 1], [2], [3, 4]]."""
    module = {unit: k for k, units in enumerate(groups) for unit in units}
    hidden = len(module)
    states = []
    for e in range(x.shape[0]):
        entries = iter(cell.module_weight[e])
        weights = {(j, i): next(entries) for j in range(hidden) for i in range(hidden) if module[j] >= module[i]}
        for b in range(x.shape[2]):
            h = list(start[e, b])
            for t in range(1, x.shape[1] + 1):
                before = list(h)
                for i in range(hidden):
                    if t % 2 ** module[i] == 0:
                        heard = sum(before[j] * weights[j, i] for j in range(hidden) if (j, i) in weights)
                        h[i] = torch.tanh(x[e, t - 1, b] @ cell.input_weight[e, :, i] + heard + cell.bias[e, i])
                states.append(torch.stack(h))
    return torch.stack(states).view(x.shape[0], x.shape[2], x.shape[1], hidden).transpose(1, 2)


def random(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64).requires_grad_()


def test_values_and_gradients_are_the_papers():
    """Five units make three modules of one, two and two."""
    cell, x, start = drawn(ClockworkCell(2, 3, 5, 3)), random(2, STEPS, BATCH, 3), random(2, BATCH, 5)
    outputs, (last,) = cell(x, (start,))
    slow = by_unit(cell, x, start, [[0], [1, 2], [3, 4]])
    torch.testing.assert_close(outputs, slow)
    assert torch.equal(last, outputs[:, -1])
    leaves = [x, start, *cell.parameters()]
    weights = random(*outputs.shape).detach() + 1
    found = [torch.autograd.grad((y * weights).sum(), leaves) for y in (outputs, slow)]
    torch.testing.assert_close(*found)


def test_numbers_are_those_of_a_public_implementation():
    cell = ClockworkCell(1, 3, 6, 3)
    outputs, _ = cell(by_formula(cell))
    assert outputs[0, -1, 0].tolist() == pytest.approx(NUMBERS, rel=1e-12)


@needs_kernels
@pytest.mark.parametrize(
    ("sizes", "clocks"),
    [((3, 7, 5, 4, 6), 4), ((1, 1, 1, 1, 1), 1), ((2, 40, 32, 2, 64), 7), ((2, 90, 13, 3, 67), 5)],
)
def test_the_kernel_equals_the_step_in_double_precision(sizes, clocks):
    members, steps, batch, inputs, hidden = sizes
    cell = drawn(ClockworkCell(members, inputs, hidden, clocks), scale=0.6 / math.sqrt(hidden))
    given = random(members, steps, batch, inputs), random(members, batch, hidden)
    weights = random(members, steps, batch, hidden).detach()
    found = []
    for dtype in (torch.float32, torch.float64):
        own = copy.deepcopy(cell).to(dtype)
        x, start = (tensor.detach().to(dtype).requires_grad_() for tensor in given)
        outputs, _ = own(x, (start,))
        found.append(
            [outputs, *torch.autograd.grad((outputs * weights.to(dtype)).sum(), [x, start, *own.parameters()])]
        )
    for native, exact in zip(*found, strict=True):
        assert (native.double() - exact).norm() <= 1e-5 * exact.norm()


def test_a_module_needs_a_unit():
    situation = Situation(task="adding", lag=9, steps=9, hidden_size=4, dials={"clocks": 5})
    assert Clockwork.skip(situation) == "4 units cannot be divided into 5 modules"
