"""Light gates against their papers' equations, written out for one member, one sequence and one step at a time."""

from dataclasses import replace

import pytest
import torch
from torch import sigmoid, tanh

from bench.techniques.fastgrnn import FastGRNN, FastGRNNCell
from bench.techniques.mgu import MinimalCell
from bench.techniques.mingru import MinGRU, MinGRUCell
from bench.testing.techniques import BLUEPRINT, EasyTask

E, T, B, N, H = 3, 7, 4, 5, 6
CELLS = {"mgu": MinimalCell, "mingru": MinGRUCell, "fastgrnn": FastGRNNCell}


def mgu(p, x, h):
    (u_f, u_n), (w_f, w_n), (b_f, b_n) = (p[k].split(H, dim=-1) for k in ("input_weight", "recurrent_weight", "bias"))
    f = sigmoid(x @ u_f + h @ w_f + b_f)
    n = tanh(x @ u_n + (f * h) @ w_n + b_n)
    return (1 - f) * h + f * n


def mingru(p, x, h):
    (u_z, u_n), (b_z, b_n) = (p[k].split(H, dim=-1) for k in ("input_weight", "bias"))
    z = sigmoid(x @ u_z + b_z)
    n = torch.stack([a + 0.5 if a >= 0 else sigmoid(a) for a in x @ u_n + b_n])
    return (1 - z) * h + z * n


def fastgrnn(p, x, h):
    b_z, b_n = p["bias"].split(H)
    a = x @ p["input_weight"] + h @ p["recurrent_weight"]
    z, n = sigmoid(a + b_z), tanh(a + b_n)
    return (sigmoid(p["zeta"]) * (1 - z) + sigmoid(p["nu"])) * n + z * h


PAPERS = {"mgu": mgu, "mingru": mingru, "fastgrnn": fastgrnn}


def drawn(name):
    """The cell with every parameter away from zero, inputs and a state of either sign."""
    torch.manual_seed(0)
    cell = CELLS[name](E, N, H)
    for parameter in cell.parameters():
        parameter.data = torch.randn(parameter.shape, dtype=torch.float64)
    x = torch.randn(E, T, B, N, dtype=torch.float64, requires_grad=True)
    return cell, x, torch.randn(E, B, H, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("name", CELLS)
def test_values_and_gradients_equal_the_papers_equations(name):
    cell, x, start = drawn(name)
    outputs, (last,) = cell(x, (start,))
    slow = torch.empty(E, T, B, H, dtype=torch.float64)
    for e in range(E):
        p = {key: value[e] for key, value in cell.named_parameters()}
        for b in range(B):
            h = start[e, b]
            for t in range(T):
                slow[e, t, b] = h = PAPERS[name](p, x[e, t, b], h)
    torch.testing.assert_close(outputs, slow, rtol=1e-10, atol=1e-12)
    assert torch.equal(last, outputs[:, -1])
    wanted = torch.randn(E, T, B, H, dtype=torch.float64)
    leaves = [x, start, *cell.parameters()]
    fast, reference = (torch.autograd.grad((y * wanted).sum(), leaves) for y in (outputs, slow))
    torch.testing.assert_close(fast, reference, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", CELLS)
def test_carried_state_continues_the_sequence(name):
    cell, x, _ = drawn(name)
    whole, last = cell(x)
    first, state = cell(x[:, :3])
    second, end = cell(x[:, 3:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
    torch.testing.assert_close(end, last)


@pytest.mark.parametrize(("dtype", "error"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_the_scan_equals_the_loop_over_a_thousand_steps(dtype, error):
    cell, _, start = drawn("mingru")
    drive = 3 * torch.randn(E, 1000, B, 2 * H, dtype=torch.float64)
    state = (start.detach().to(dtype),)
    fast, slow = (unroll(drive.to(dtype), state)[0] for unroll in (cell.unroll, cell.loop))
    torch.testing.assert_close(fast, slow, rtol=error, atol=error)


def test_mingru_has_no_recurrent_weight_and_depth_adds_layers():
    assert {name for name, _ in MinGRUCell(E, N, H).named_parameters()} == {"input_weight", "bias"}
    deep = MinGRU(replace(BLUEPRINT, dials={"depth": 3}), EasyTask())
    assert [layer.input_weight.shape[1] for layer in deep.layers] == [BLUEPRINT.inputs, 8, 8]
    assert deep.state_each == 3 * 8


def test_fastgrnn_shares_its_weights():
    """Kusupati et al.: as many weights as the plain network, one bias more, two scalars."""
    width, inputs, outputs = BLUEPRINT.hidden_size, BLUEPRINT.inputs, BLUEPRINT.outputs
    readout = (width + 1) * outputs
    module = FastGRNN(BLUEPRINT, EasyTask())
    assert module.parameters_each == width * (inputs + width) + 2 * width + 2 + readout
