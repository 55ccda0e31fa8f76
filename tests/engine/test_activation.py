"""Activations: three forms of one function each, against closed forms and autograd."""

import math

import pytest
import torch

from bench.engine.activation import ACTIVATIONS, leaky_relu

X = torch.tensor([-3.0, -0.5, -1e-3, 1e-3, 0.5, 3.0], dtype=torch.float64)
CLOSED = {
    "tanh": (ACTIVATIONS["tanh"], math.tanh),
    "relu": (ACTIVATIONS["relu"], lambda a: max(0.0, a)),
    "sigmoid": (ACTIVATIONS["sigmoid"], lambda a: 1 / (1 + math.exp(-a))),
    "softsign": (ACTIVATIONS["softsign"], lambda a: a / (1 + abs(a))),
    "identity": (ACTIVATIONS["identity"], lambda a: a),
    "gelu": (ACTIVATIONS["gelu"], lambda a: a * (1 + math.erf(a / math.sqrt(2))) / 2),
    "leaky-relu": (leaky_relu(0.2), lambda a: a if a > 0 else 0.2 * a),
}


def test_every_named_activation_is_tested():
    assert set(ACTIVATIONS) <= set(CLOSED)


@pytest.mark.parametrize("name", CLOSED)
def test_both_forms_equal_the_closed_one(name):
    activation, closed = CLOSED[name]
    wanted = torch.tensor([closed(a) for a in X.tolist()], dtype=torch.float64)
    torch.testing.assert_close(activation.function(X), wanted)
    there = X.clone()
    activation.in_place(there)
    torch.testing.assert_close(there, wanted)


@pytest.mark.parametrize("name", [n for n, (a, _) in CLOSED.items() if a.backward])
def test_the_gradient_from_the_value_is_autograds(name):
    activation, _ = CLOSED[name]
    x = X.clone().requires_grad_()
    y = activation.function(x)
    given = torch.linspace(1, 2, len(X), dtype=torch.float64)
    (wanted,) = torch.autograd.grad(y, x, given)
    found = torch.empty_like(X)
    activation.backward(given, y.detach(), grad_input=found)
    torch.testing.assert_close(found, wanted)
