"""Weights at the start: the protocol's gain, spectral radii, the LSTM's forget bias."""

from dataclasses import replace
from itertools import combinations

import pytest
import torch

from bench.techniques import techniques
from bench.techniques.base import Dial
from bench.testing.techniques import BLUEPRINT, STEPS, EasyTask

OWN_START = {"irnn"} | {name for name, cls in techniques.all().items() if cls.initialisation is not None}
RADII = (0.5, 1.0, 1.5)


def built(name, **choices):
    return techniques.get(name)(replace(BLUEPRINT, **choices), EasyTask())


@pytest.mark.parametrize("initialisation", ["default", "orthogonal"])
@pytest.mark.parametrize("name", techniques.names())
def test_the_gain_scales_recurrent_weights_alone_and_no_start_that_is_the_techniques_own(name, initialisation):
    plain = built(name, initialisation=initialisation)
    scaled = dict(built(name, initialisation=initialisation, recurrent_gain=3.0).named_parameters())
    declared = {f"stack.{depth}.{key}" for depth, layer in enumerate(plain.layers) for key in layer.recurrent}
    for key, weight in plain.named_parameters():
        gain = 3.0 if key in declared and name not in OWN_START else 1.0
        torch.testing.assert_close(scaled[key], gain * weight, rtol=1e-6, atol=0)


@pytest.mark.parametrize("initialisation", ["default", "orthogonal"])
@pytest.mark.parametrize("name", techniques.names())
def test_no_two_gates_or_layers_start_with_the_same_matrix(name, initialisation):
    module = built(name, initialisation=initialisation)
    size = BLUEPRINT.hidden_size
    weights = [w.detach()[0] for w in module.parameters() if w.dim() == 3 and w.shape[1] == size]
    blocks = [block for w in weights for block in w.split(size, dim=-1) if block.shape[-1] == size]
    assert all(not torch.equal(a, b) for a, b in combinations(blocks, 2))


@pytest.mark.parametrize("radius", RADII)
@pytest.mark.parametrize("name", ["spectral-radius", "linear"])
def test_the_largest_eigenvalue_is_of_the_radius_and_nothing_else_differs_from_the_baseline(name, radius):
    module, baseline = built(name, dials={"radius": radius}, initialisation="orthogonal"), built("tanh")
    for (key, own), (_, base) in zip(module.named_parameters(), baseline.named_parameters(), strict=True):
        if key.endswith("recurrent_weight"):
            found = torch.linalg.eigvals(own.detach().double()).abs().amax(-1)
            torch.testing.assert_close(found, torch.full_like(found, radius), rtol=1e-6, atol=0)
            factor = own / base
            torch.testing.assert_close(factor, factor[:, :1, :1].expand_as(factor))
        else:
            assert torch.equal(own, base)


def test_the_linear_network_has_its_twins_weights_and_its_jacobian_is_a_power_of_them():
    module, twin = (built(n, dials={"radius": 1.2}).double() for n in ("linear", "spectral-radius"))
    for own, other in zip(module.parameters(), twin.parameters(), strict=True):
        assert torch.equal(own, other)
    (layer,) = module.layers
    inputs = torch.randn(len(BLUEPRINT.seeds), STEPS, 1, BLUEPRINT.inputs, dtype=torch.float64)
    start = torch.randn(len(BLUEPRINT.seeds), 1, BLUEPRINT.hidden_size, dtype=torch.float64, requires_grad=True)
    outputs, _ = layer(inputs, (start,))
    (gradient,) = torch.autograd.grad(outputs[:, -1].sum(), start)
    power = torch.linalg.matrix_power(layer.recurrent_weight.detach(), STEPS)
    torch.testing.assert_close(gradient[:, 0], power.sum(-1))


def test_the_forget_bias_is_a_dial_of_the_lstm_and_may_be_zero():
    for value in (0.0, 4.0):
        (layer,) = built("lstm", dials={"forget_bias": value}).layers
        forget = layer.bias.view(len(BLUEPRINT.seeds), 4, -1)[:, 1]
        assert forget.eq(value).all()
    assert techniques.get("lstm").dials["forget_bias"].allows(0.0)


def test_a_dial_allows_positive_numbers_or_those_from_its_least_on():
    positive, from_one = Dial(1.0), Dial(1.0, least=1.0)
    values = (-1.0, 0.0, 0.5, 1.0, float("inf"), float("nan"))
    assert [positive.allows(v) for v in values] == [False, False, True, True, False, False]
    assert [from_one.allows(v) for v in values] == [False, False, False, True, False, False]
    whole, from_none = Dial(1, whole=True), Dial(1, least=0, whole=True)
    assert [whole.allows(v) for v in (*values, 2.7)] == [False, False, False, True, False, False, False]
    assert [from_none.allows(v) for v in (*values, 2.7)] == [False, True, False, True, False, False, False]


def test_a_whole_dial_reads_as_an_int_and_others_as_floats():
    window = techniques.get("tbptt")(replace(BLUEPRINT, dials={"window": 4.0}), EasyTask()).window
    assert (window, type(window)) == (4, int)
    assert type(built("residual-time", dials={"scale": 1.0}).scale) is float
