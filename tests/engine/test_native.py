"""Native kernels against the same recurrences in double precision, where autograd goes through the step."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from kernels import needs_kernels

from bench.engine.activation import ACTIVATIONS, leaky_relu
from bench.engine.elman import Elman
from bench.engine.gru import GRU
from bench.engine.lstm import LSTM
from bench.engine.native import library, runs_natively, why_not
from bench.engine.native.library import SWITCH, Unavailable, build
from bench.engine.recurrence import Recurrence
from bench.techniques.cornn import OscillatorCell
from bench.techniques.fastgrnn import FastGRNNCell
from bench.techniques.janet import ForgetCell
from bench.techniques.layernorm import NormalisedCell
from bench.techniques.lem import MultiscaleCell
from bench.techniques.lstm_coupled import CoupledCell
from bench.techniques.lstm_no_forget import CarouselCell
from bench.techniques.lstm_peephole import PeepholeCell
from bench.techniques.mgu import MinimalCell
from bench.techniques.mingru import MinGRUCell
from bench.techniques.zoneout import ZoneoutCell

CELLS = {
    **{kind: lambda *sizes, kind=kind: Elman(*sizes, activation=kind) for kind in ACTIVATIONS},
    "leaky relu": lambda *sizes: Elman(*sizes, activation=leaky_relu(0.2)),
    "tanh with skip": lambda *sizes: Elman(*sizes, carry=1.0, scale=0.1),
    "gelu with skip": lambda *sizes: Elman(*sizes, activation="gelu", carry=0.9, scale=0.3),
    "lstm": LSTM,
    "gru": GRU,
    "mgu": MinimalCell,
    "fastgrnn": FastGRNNCell,
    "mingru": MinGRUCell,
    "lstm without forget gate": CarouselCell,
    "cornn": lambda *sizes: OscillatorCell(*sizes, 0.2, 2.0, 0.7),
    "lstm with peepholes": PeepholeCell,
    "lstm with coupled gates": CoupledCell,
    "janet": lambda *sizes: ForgetCell(*sizes, 0.7, 9.0),
    "layer normalisation": NormalisedCell,
    "zoneout": lambda *sizes: ZoneoutCell(*sizes, 0.2, 0.6),
    "lem": lambda *sizes: MultiscaleCell(*sizes, 0.7),
}

SIZES = {
    "odd": (3, 7, 5, 4, 6),
    "one of each": (1, 1, 1, 1, 1),
    "whole vectors": (2, 9, 32, 2, 64),
    "many chunks, odd": (2, 90, 13, 3, 67),
    "stacked": (2, 20, 8, 48, 48),
}
"""Members, steps, sequences, inputs, units."""


def drawn(name, inputs, hidden, members):
    """The cell with every parameter away from zero, its gradients of a size that single precision can follow."""
    torch.manual_seed(0)
    cell = CELLS[name](members, inputs, hidden)
    for parameter in cell.parameters():
        parameter.data = (
            torch.randn(parameter.shape) * 0.4 / max(parameter.shape[-2] if parameter.dim() > 2 else 1, 1) ** 0.5
        )
    return cell


def both(cell, x, state, weights, last=None):
    """Outputs, last state and all gradients of the cell, natively and in double precision through the step."""
    found = []
    for dtype in (torch.float32, torch.float64):
        own = copy.deepcopy(cell).to(dtype)
        inputs = [tensor.to(dtype).requires_grad_() for tensor in (x, *state)]
        if dtype == torch.float32:
            assert runs_natively(inputs[0])
            assert own.native() is not None
            outputs, ends = own(inputs[0], tuple(inputs[1:]), last)
        else:
            outputs, ends = own.loop(own.drive(inputs[0]), tuple(inputs[1:]))
            outputs = outputs if last is None else outputs[:, -last:]
        results = [outputs, *ends]
        loss = sum((a * w.to(dtype)).sum() for a, w in zip(results, weights, strict=True))
        found.append([*results, *torch.autograd.grad(loss, [*inputs, *own.parameters()])])
    return zip(*found, strict=True)


@needs_kernels
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("name", CELLS)
def test_outputs_and_gradients_equal_those_in_double_precision(name, sizes):
    members, steps, batch, inputs, hidden = SIZES[sizes]
    cell = drawn(name, inputs, hidden, members)
    x = torch.randn(members, steps, batch, inputs)
    state = [torch.randn(members, batch, hidden) for _ in cell.states]
    weights = [torch.randn(members, steps, batch, hidden), *(torch.randn_like(s) for s in state)]
    for native, exact in both(cell, x, state, weights):
        error = (native.double() - exact).norm() / exact.norm().clamp(min=1e-6)
        assert error < 1e-5, error


@needs_kernels
@pytest.mark.parametrize("name", CELLS)
def test_a_gradient_for_the_last_steps_alone(name):
    cell = drawn(name, 3, 10, 2)
    state = [torch.randn(2, 4, 10) for _ in cell.states]
    weights = [torch.randn(2, 3, 4, 10), *(torch.randn_like(s) for s in state)]
    for native, exact in both(cell, torch.randn(2, 11, 4, 3), state, weights, last=3):
        torch.testing.assert_close(native.double(), exact, rtol=1e-4, atol=1e-5)


@needs_kernels
@pytest.mark.parametrize("name", CELLS)
def test_members_do_not_touch_each_other(name):
    """A member by itself is the same to the last bit, and another's not-a-number stays its own."""
    cell, x = drawn(name, 3, 20, 3), torch.randn(3, 12, 5, 3)
    alone = copy.deepcopy(cell)
    for parameter in alone.parameters():
        parameter.data = parameter.data[2:]
    next(iter(cell.parameters())).data[1] = float("nan")
    outputs, _ = cell(x)
    outputs.sum().backward()
    own, _ = alone(x[2:])
    own.sum().backward()
    assert outputs[1].isnan().any()
    assert torch.equal(outputs[2:], own)
    for parameter, single in zip(cell.parameters(), alone.parameters(), strict=True):
        assert parameter.grad[0].isfinite().all()
        assert torch.equal(parameter.grad[2:], single.grad)


@needs_kernels
@pytest.mark.parametrize("name", CELLS)
def test_without_gradients_the_outputs_are_the_same(name):
    cell, x = drawn(name, 3, 20, 3), torch.randn(3, 12, 5, 3)
    with_gradients, ends = cell(x)
    with torch.inference_mode():
        without, others = cell(x, None, 2)
    assert torch.equal(with_gradients[:, -2:], without)
    assert all(torch.equal(a, b) for a, b in zip(ends, others, strict=True))


@needs_kernels
@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_functions_are_exact_to_a_few_last_bits(kind):
    """One unit without recurrence, so that its output is f(x): over all that matters, at the ends, and beyond."""
    x = torch.cat([torch.linspace(-95, 95, 40_001), torch.logspace(-30, 0, 3001), -torch.logspace(-30, 0, 3001)])
    cell = Elman(1, 1, 1, activation=kind)
    for parameter, value in zip((cell.input_weight, cell.recurrent_weight), (1.0, 0.0), strict=True):
        parameter.data.fill_(value)
    found = cell(x.view(1, 1, -1, 1))[0].flatten().double()
    exact = ACTIVATIONS[kind].function(x.double())
    # GELU's tail is as steep as exp(−x²/2), and there torch's own is off by 1e-15 in double precision
    tiny = 1e-14 if kind == "gelu" else 1e-36
    torch.testing.assert_close(found, exact, rtol=1e-5 if kind == "gelu" else 1e-6, atol=tiny)


@needs_kernels
@pytest.mark.parametrize("kind", ["tanh", "sigmoid", "relu", "softsign"])
def test_infinities_and_not_a_number_go_as_in_torch(kind):
    cell = Elman(1, 1, 1, activation=kind)
    for parameter, value in zip((cell.input_weight, cell.recurrent_weight), (1.0, 0.0), strict=True):
        parameter.data.fill_(value)
    x = torch.tensor([float("inf"), -float("inf"), float("nan"), 0.0, 3e38])
    wanted = ACTIVATIONS[kind].function(x)
    torch.testing.assert_close(cell(x.view(1, 1, -1, 1))[0].flatten(), wanted, equal_nan=True)


def test_switched_off_plain_torch_gives_the_same():
    code = (
        "import torch; from bench.engine.gru import GRU; from bench.engine.native import why_not; torch.manual_seed(0);"
        "c = GRU(2, 3, 8); [p.data.normal_() for p in c.parameters()]; o, _ = c(torch.randn(2, 9, 4, 3));"
        "print(why_not(), '|', o.double().square().sum().item())"
    )
    said = {}
    for switch in ("0", "1"):
        environment = os.environ | {SWITCH: switch}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
        reason, _, value = done.stdout.partition("|")
        said[switch] = reason.strip(), float(value)
    assert said["0"][0] == f"switched off by {SWITCH}=0"
    assert said["0"][1] == pytest.approx(said["1"][1], rel=1e-5)


def test_without_a_compiler_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(Unavailable, match="no-such-compiler not found"):
        build(tmp_path)


def test_a_compiler_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "false")
    with pytest.raises(Unavailable, match="could not compile"):
        build(tmp_path)
    assert [*tmp_path.glob("*.so")] == []


@needs_kernels
def test_many_builders_make_one_library(tmp_path):
    with ThreadPoolExecutor(4) as pool:
        files = [*pool.map(build, [tmp_path] * 4)]
    assert len(set(files)) == 1
    assert [*tmp_path.glob("*.so")] == files[:1]


def test_a_cell_without_a_kernel_runs_step_by_step():
    class Own(Recurrence):
        def step(self, drive, state):
            return (torch.sin(drive + torch.bmm(state[0], self.recurrent_weight)),)

    cell = Own(2, 3, 4)
    for parameter in cell.parameters():
        parameter.data.normal_()
    x = torch.randn(2, 5, 3, 3)
    whole, end = cell(x)
    tail, same = cell(x, None, 2)
    assert torch.equal(whole[:, -2:], tail)
    assert torch.equal(end[0], same[0])


def test_a_compiler_that_comes_later_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("CC", "no-such-compiler")
    assert "not found" in why_not()
    assert library() is None
    monkeypatch.delenv("CC")
    assert "no-such-compiler" not in (why_not() or "")
    monkeypatch.undo()
    assert (why_not() is None) == (library() is not None)
