"""The diagonal linear recurrence: its equation step by step, its scan, and what its factors can be."""

from dataclasses import replace

import pytest
import torch

from bench.techniques.base import Situation
from bench.techniques.contract import TINY, EasyTask
from bench.techniques.diagonal import DiagonalRNN

T, B = 7, 2


def built(least):
    blueprint = replace(TINY, seeds=(1,), learning_rates=(0.01,), dials={"least": least})
    layer = DiagonalRNN(blueprint, EasyTask()).double().layers[0]
    draw = torch.Generator().manual_seed(1)
    return layer, torch.randn(1, T, B, TINY.inputs, generator=draw, dtype=torch.float64)


@pytest.mark.parametrize("least", [0.0, -1.0])
def test_a_state_is_multiplied_by_a_factor_of_the_input(least):
    layer, x = built(least)
    hidden = layer.hidden
    weight, bias = layer.input_weight[0], layer.bias[0]
    outputs, _ = layer(x)
    for sequence in range(B):
        h = torch.zeros(hidden, dtype=torch.float64)
        for t in range(T):
            product = x[0, t, sequence] @ weight + bias.view(-1)
            factor = 1 / (1 + torch.exp(-product[:hidden])) if least == 0 else torch.tanh(product[:hidden] / 2)
            h = factor * h + product[hidden:]
            torch.testing.assert_close(outputs[0, t, sequence], h, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("least", [0.0, -1.0])
def test_the_scan_has_the_gradients_of_the_loop(least):
    layer, x = built(least)
    found = []
    for unroll in (layer.unroll, layer.loop):
        states, _ = unroll(layer.drive(x), layer.start(x))
        found.append(torch.autograd.grad(states.square().sum(), list(layer.parameters())))
    for fast, reference in zip(*found, strict=True):
        torch.testing.assert_close(fast, reference, rtol=1e-10, atol=1e-12)


def test_factors_that_only_grow_are_declined():
    situation = Situation(task="parity", lag=5, steps=5, hidden_size=4, dials={"least": 1.0})
    assert DiagonalRNN.skip(situation) == "the least factor has to lie below 1, not at 1"
    assert DiagonalRNN.skip(replace(situation, dials={"least": -1.0})) is None
