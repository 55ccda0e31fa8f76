"""Fast backward passes against autograd through the step, in double precision; and against torch's own modules."""

import pytest
import torch

from bench.engine.activation import leaky_relu
from bench.engine.elman import Elman
from bench.engine.gru import GRU
from bench.engine.linear import StackedLinear, project
from bench.engine.lstm import LSTM
from bench.engine.recurrence import Recurrence

E, T, B, N, H = 3, 7, 4, 5, 6

CELLS = {
    "tanh": lambda: Elman(E, N, H),
    "relu": lambda: Elman(E, N, H, activation="relu"),
    "sigmoid": lambda: Elman(E, N, H, activation="sigmoid"),
    "softsign": lambda: Elman(E, N, H, activation="softsign"),
    "linear": lambda: Elman(E, N, H, activation="identity"),
    "gelu": lambda: Elman(E, N, H, activation="gelu"),
    "leaky relu": lambda: Elman(E, N, H, activation=leaky_relu(0.2)),
    "tanh with skip": lambda: Elman(E, N, H, carry=1.0, scale=0.1),
    "relu with skip": lambda: Elman(E, N, H, activation="relu", carry=0.9, scale=0.3),
    "sigmoid scaled": lambda: Elman(E, N, H, activation="sigmoid", scale=2.0),
    "lstm": lambda: LSTM(E, N, H),
    "gru": lambda: GRU(E, N, H),
}


def drawn(cell, dtype=torch.float64):
    """The cell with every parameter, biases too, away from zero."""
    torch.manual_seed(0)
    for parameter in cell.parameters():
        parameter.data = torch.randn(parameter.shape, dtype=dtype) * 0.5
    return cell.to(dtype)


@pytest.mark.parametrize("steps", [1, T])
@pytest.mark.parametrize("name", CELLS)
def test_fast_pass_equals_autograd_through_the_step(name, steps):
    cell = drawn(CELLS[name]())
    x = torch.randn(E, steps, B, N, dtype=torch.float64, requires_grad=True)
    state = tuple(torch.randn(E, B, H, dtype=torch.float64, requires_grad=True) for _ in cell.states)
    wanted = torch.randn(E, steps, B, H, dtype=torch.float64)
    wanted_last = [torch.randn(E, B, H, dtype=torch.float64) for _ in cell.states]
    found = []
    for unroll in (cell.unroll, cell.loop):
        outputs, last = unroll(project(x, cell.input_weight, cell.bias), state)
        loss = (outputs * wanted).sum() + sum((a * b).sum() for a, b in zip(last, wanted_last, strict=True))
        gradients = torch.autograd.grad(loss, [x, *state, *cell.parameters()])
        found.append([outputs, *last, *gradients])
    for fast, reference in zip(*found, strict=True):
        torch.testing.assert_close(fast, reference, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["tanh", "tanh with skip", "lstm", "gru"])
def test_fast_pass_equals_finite_differences(name):
    cell = drawn(CELLS[name]())
    x = torch.randn(E, 3, 2, N, dtype=torch.float64, requires_grad=True)

    def through(x, *parameters):
        return torch.func.functional_call(cell, dict(zip(names, parameters, strict=True)), (x,))[0]

    names, parameters = zip(*cell.named_parameters(), strict=True)
    assert torch.autograd.gradcheck(through, (x, *parameters))


@pytest.mark.parametrize(
    ("cell", "module"),
    [
        (Elman(E, N, H), torch.nn.RNN),
        (Elman(E, N, H, activation="relu"), lambda i, h: torch.nn.RNN(i, h, nonlinearity="relu")),
        (LSTM(E, N, H), torch.nn.LSTM),
        (GRU(E, N, H), torch.nn.GRU),
    ],
)
def test_each_member_equals_torch(cell, module):
    drawn(cell)
    x = torch.randn(E, T, B, N, dtype=torch.float64)
    outputs, _ = Recurrence.forward(cell, x)
    for e in range(E):
        torchs = module(N, H).double()
        with torch.no_grad():
            torchs.weight_ih_l0.copy_(cell.input_weight[e].T)
            torchs.weight_hh_l0.copy_(cell.recurrent_weight[e].T)
            torchs.bias_ih_l0.copy_(cell.bias[e])
            torchs.bias_hh_l0.zero_()
            if isinstance(cell, GRU):
                torchs.bias_hh_l0[2 * H :] = cell.candidate_bias[e]
        torch.testing.assert_close(outputs[e], torchs(x[e])[0])


def test_lstm_by_torchs_kernel_equals_the_reference():
    cell = drawn(LSTM(E, N, H), torch.float32)
    x = torch.randn(E, T, B, N, requires_grad=True)
    state = tuple(torch.randn(E, B, H, requires_grad=True) for _ in range(2))
    found = []
    for forward in (cell, lambda x, s: Recurrence.forward(cell, x, s)):
        outputs, (h, c) = forward(x, state)
        loss = outputs.square().sum() + h.sum() + (c * 2).sum()
        found.append([outputs, h, c, *torch.autograd.grad(loss, [x, *state, *cell.parameters()])])
    for kernel, reference in zip(*found, strict=True):
        torch.testing.assert_close(kernel, reference, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", CELLS)
def test_carried_state_continues_the_sequence(name):
    cell = drawn(CELLS[name]())
    x = torch.randn(E, T, B, N, dtype=torch.float64)
    whole, last = cell(x)
    first, state = cell(x[:, :3])
    second, end = cell(x[:, 3:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
    torch.testing.assert_close(end, last)


@pytest.mark.parametrize("name", CELLS)
def test_one_members_nan_stays_its_own(name):
    cell = drawn(CELLS[name]())
    cell.recurrent_weight.data[1] = float("nan")
    x = torch.randn(E, T, B, N, dtype=torch.float64)
    cell(x)[0].sum().backward()
    for parameter in cell.parameters():
        assert parameter.grad[0].isfinite().all()
        assert parameter.grad[2].isfinite().all()


@pytest.mark.parametrize("name", CELLS)
def test_orthogonal_blocks_and_zero_biases(name):
    cell = CELLS[name]()
    for member in range(E):
        cell.reset(member, lambda key, m=member: torch.Generator().manual_seed(m), "orthogonal")
    for block in cell.recurrent_weight.split(H, dim=-1):
        torch.testing.assert_close(block @ block.mT, torch.eye(H).expand(E, H, H), atol=1e-5, rtol=0)
    forget = 1.0 if name == "lstm" else 0.0
    assert cell.bias.view(E, -1, H)[:, 1:2].eq(forget).all()
    assert cell.bias.sum() == forget * E * H


def test_a_forget_bias_is_that_gates_alone():
    cell = LSTM(1, N, H, forget_bias=4.0)
    cell.reset(0, lambda key: torch.Generator().manual_seed(0), "default")
    assert cell.bias.view(-1, H).tolist() == [[0.0] * H, [4.0] * H, [0.0] * H, [0.0] * H]


def test_default_start_has_torchs_spectral_radius():
    cell = Elman(20, N, 128)
    for member in range(20):
        cell.reset(member, lambda key, m=member: torch.Generator().manual_seed(m), "default")
    radius = torch.linalg.eigvals(cell.recurrent_weight.detach()).abs().amax(-1).mean().item()
    assert radius == pytest.approx(3**-0.5, abs=0.05)  # the circular law: √(variance · units)


def test_projection_is_a_linear_map_for_each_member():
    linear = StackedLinear(E, N, H)
    for member in range(E):
        linear.reset(member, torch.Generator().manual_seed(member))
    x = torch.randn(E, T, B, N)
    expected = torch.stack([x[e] @ linear.weight[e] + linear.bias[e] for e in range(E)])
    torch.testing.assert_close(linear(x), expected)
