"""Linear recurrences against their papers' equations, written out for one member, one sequence and one step at a time.

The numbers are what public implementations give for weights and inputs by formula; tests name them.
"""

import math
from dataclasses import replace

import pytest
import torch
from kernels import by_kernel_and_by_steps, needs_kernels
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

from bench.engine.probe import recorded
from bench.techniques import techniques
from bench.techniques.contract import TINY, EasyTask
from bench.techniques.mamba import SelectiveCell
from bench.techniques.minlstm import share_and_candidate


def embedded(p, x):
    return [v @ p["map.weight"] + p["map.bias"] for v in x]


def normalised(p, v):
    centred = v - v.mean()
    return centred / (centred.square().mean() + 1e-5).sqrt() * p["norm.gain"] + p["norm.bias"]


def block(recurrence):
    """x + a σ(b), (a, b) = GELU(y) W + c."""

    def compute(p, x):
        for v, y in zip(x, recurrence(p, [normalised(p, v) for v in x]), strict=True):
            squashed = y * (1 + torch.erf(y / math.sqrt(2))) / 2
            a, b = (squashed @ p["gate.weight"] + p["gate.bias"]).split(H)
            yield v + a / (1 + torch.exp(-b))

    return compute


def lru(p, x):
    size = torch.exp(-torch.exp(p["nu"]))
    angle = torch.exp(p["theta"])
    factor = torch.complex(size * torch.cos(angle), size * torch.sin(angle))
    into = torch.complex(p["input_weight"][:, 0::2], p["input_weight"][:, 1::2])
    out = torch.complex(p["output_weight"][0::2], -p["output_weight"][1::2])
    h = torch.zeros(H, dtype=torch.complex128)
    for v in x:
        h = factor * h + torch.exp(p["gamma"]) * (v.to(h.dtype) @ into)
        yield (h @ out).real + p["skip"] * v


def pre_activations(p, v, blocks, inputs="input_weight", bias="bias"):
    return (v @ p[inputs] + p[bias]).split(H) if blocks > 1 else v @ p[inputs] + p[bias]


def sigmoid(v):
    return 1 / (1 + torch.exp(-v))


def minlstm(p, x):
    h = torch.zeros(H, dtype=torch.float64)
    for v in x:
        f, i, n = pre_activations(p, v, 3)
        f, i = sigmoid(f), sigmoid(i)
        candidate = torch.stack([a + 0.5 if a >= 0 else sigmoid(a) for a in n])
        h = f / (f + i) * h + i / (f + i) * candidate
        yield h


def rg_lru(p, x):
    h = torch.zeros(H, dtype=torch.float64)
    for v in x:
        u = pre_activations(p, v, 1)
        r, i = pre_activations(p, u, 2, "gate_weight", "gate_bias")
        a = sigmoid(-p["decay"]) ** (8 * sigmoid(r))
        h = a * h + (1 - a**2) ** 0.5 * (sigmoid(i) * u)
        yield h


def s4d(p, x):
    a = torch.complex(-torch.exp(p["log_decay"]), p["frequency"]).view(H, -1)
    step = torch.exp(p["log_step"])[:, None]
    h = torch.zeros_like(a)
    for n in x:
        h = torch.exp(step * a) * h + (torch.exp(step * a) - 1) / a * n[:, None]
        yield 2 * (torch.complex(*p["output_weight"].unbind(-1)) * h).sum(1).real + p["skip"] * n


def mamba(p, x):
    a = -torch.exp(p["log_decay"]).view(-1, H).T
    numbers = a.shape[1]
    h = torch.zeros_like(a)
    for v in x:
        u, z = pre_activations(p, v, 2)
        u = u * sigmoid(u)
        low, b, c = (u @ p["select_weight"]).split([1, numbers, numbers])
        step = torch.log(1 + torch.exp(low @ p["step_weight"] + p["step_bias"]))
        h = torch.exp(torch.outer(step, torch.ones(numbers).double()) * a) * h + torch.outer(step * u, b)
        yield (h @ c + p["skip"] * u) * z * sigmoid(z)


LAYERS = {
    "mamba": [mamba],
    "lru": [embedded, block(lru), block(lru)],
    "minlstm": [minlstm],
    "rg-lru": [rg_lru],
    "s4d": [embedded, block(s4d), block(s4d)],
}


@pytest.mark.parametrize("name", LAYERS)
def test_values_and_gradients_equal_the_papers_equations(name):
    equals_the_equations(*built(name), LAYERS[name])


@pytest.mark.parametrize("name", LAYERS)
def test_the_states_that_a_probe_follows_give_the_same_outputs(name):
    gives_the_same_where_a_probe_follows_its_states(*built(name))


@pytest.mark.parametrize("name", LAYERS)
def test_a_carried_state_continues_the_sequence(name):
    goes_on_from_a_state(*built(name))


def test_the_lru_starts_on_its_ring_with_states_of_the_inputs_size():
    module = techniques.get("lru")(replace(TINY, dials={"least": 0.5}), EasyTask()).double()
    radius = module.layers[1].factors.abs()
    assert (radius > 0.5).all()
    assert (radius < 1).all()
    ones = torch.ones(len(TINY.seeds), TINY.hidden_size).double()
    torch.testing.assert_close(module.layers[1].gamma.exp().square() + radius[:, 0].square(), ones)


PUBLISHED = {
    # NicolasZucchet/minimal-LRU, lru/model.py, LRU
    "lru": (H, {}, [-4.745340745366, 4.584843454638, -0.270691134686, 7.109541007163, 8.517774879863, -9.058907769865]),
    # lucidrains/minGRU-pytorch, minGRU_pytorch/minLSTM.py, minLSTM, with the bias as the weight of a constant input
    "minlstm": (N, {}, [0.876952520857, 0.302059580586, 0.77892056496, 1.379215654848, 0.277651264115, 0.310387227442]),
    # google-deepmind/recurrentgemma, recurrentgemma/torch/layers.py, RGLRU with one head, from its second step on
    "rg-lru": (
        N,
        {},
        [-0.240023656927, -0.936803349354, 0.049886471199, -0.032646407236, 0.293829245341, 0.828027652103],
    ),
    # state-spaces/s4, models/s4/s4d.py, S4D without its output map
    "s4d": (
        H,
        {"modes": 4},
        [-2.190231278035, 0.49956293011, -0.864956592164, 0.262074716196, -1.282844533301, 1.416953829349],
    ),
    # state-spaces/mamba, mamba_ssm/ops/selective_scan_interface.py, selective_scan_ref, in double precision
    "mamba": (
        N,
        {"numbers": 4},
        [-0.0064362847, 0.02716300873, 0.182799157416, -0.211236965278, 1.350657774159, 0.092618487016],
    ),
}
"""A cell's inputs, its dials and, before a block closes, its last step's outputs."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_public_implementation_gives_the_same_numbers(name):
    width, dials, numbers = PUBLISHED[name]
    cell = cell_by_formula(name, **dials)
    cell.close = lambda y, x: y
    outputs, _ = cell(formula((1, T, 1, width), 0.5))
    torch.testing.assert_close(outputs[0, -1, 0], torch.tensor(numbers, dtype=torch.float64), rtol=0, atol=1e-11)


def test_the_rg_lru_starts_on_the_papers_ring():
    cell = techniques.get("rg-lru")(replace(TINY, dials={"least": 0.5}), EasyTask()).double().layers[0]
    open_gate = torch.sigmoid(-cell.decay) ** 8
    assert (open_gate > 0.5).all()
    assert (open_gate < 0.999).all()
    assert open_gate.min() < 0.8, "the ring is not only its rim"


def test_a_gate_that_forgets_nothing_has_a_finite_gradient():
    module, x = built("rg-lru")
    cell = module.layers[0]
    cell.gate_bias.data[:, :H] = -1e4
    cell.decay.data.fill_(-1e4)
    outputs, _ = cell(x)
    gradients = torch.autograd.grad(outputs.sum(), list(cell.parameters()))
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_the_minlstm_stays_a_number_where_both_gates_are_closed():
    """In single precision the sigmoid of -200 is 0, and f / (f + i) would be 0 / 0; equal gates share alike."""
    share, _ = share_and_candidate(torch.tensor([[-200.0, -200.0, 0.0], [-200.0, -210.0, 0.0]]))
    torch.testing.assert_close(share.flatten(), torch.sigmoid(torch.tensor([0.0, 10.0])))


def test_the_convolution_of_s4d_equals_its_steps_over_many_steps():
    """The length is no square; the powers come of a product, and the outputs of a Fourier transform."""
    cell = techniques.get("s4d")(replace(TINY, steps=150), EasyTask()).double().layers[1]
    x = torch.randn(len(TINY.seeds), 150, 2, TINY.hidden_size, generator=torch.Generator().manual_seed(1)).double()
    (fast, ends), (slow, last) = cell(x), recorded_forward(cell, x)
    torch.testing.assert_close(fast, slow, rtol=1e-9, atol=1e-10)
    torch.testing.assert_close(ends, last, rtol=1e-9, atol=1e-10)


def recorded_forward(cell, x):
    with recorded([cell]):
        return cell(x)


SIZES = {
    "odd": (3, 7, 5, 4, 6),
    "one of each": (1, 1, 1, 1, 1),
    "whole vectors": (2, 9, 8, 2, 64),
    "mixed": (2, 40, 3, 3, 35),
}
"""Members, steps, sequences, inputs, units."""


@needs_kernels
@pytest.mark.parametrize("size", SIZES)
def test_mambas_kernel_equals_its_steps_in_double_precision(size):
    for single, double in by_kernel_and_by_steps(lambda *sizes: SelectiveCell(*sizes, 5), SIZES[size]):
        torch.testing.assert_close(single.double(), double, rtol=1e-3, atol=2e-5 * (1 + double.abs().max().item()))


@needs_kernels
def test_not_a_number_stays_in_its_member():
    cell = SelectiveCell(2, 3, 16, 4)
    for parameter in cell.parameters():
        parameter.data.normal_(generator=torch.Generator().manual_seed(1))
    cell.input_weight.data[0] = math.nan
    outputs, _ = cell(torch.ones(2, 5, 3, 3))
    outputs.sum().backward()
    assert outputs[0].isnan().all()
    assert outputs[1].isfinite().all()
    assert all(parameter.grad[1].isfinite().all() for parameter in cell.parameters())


def test_mamba_starts_as_published():
    """A = −1, …, −N for every unit, and steps between 0.001 and 0.1, of all sizes."""
    cell = techniques.get("mamba")(replace(TINY, hidden_size=64), EasyTask()).layers[0]
    rates = cell.log_decay.exp().view(len(TINY.seeds), cell.numbers, 64)
    torch.testing.assert_close(rates, torch.arange(1.0, 17).view(1, 16, 1).expand_as(rates))
    steps = torch.nn.functional.softplus(cell.step_bias)
    assert ((steps > 0.001 * 0.999) & (steps < 0.1 * 1.001)).all()
    torch.testing.assert_close(steps.log().mean(), torch.tensor(0.01).log(), rtol=0.1, atol=0)
