"""Pointwise functions, with what a hand-derived backward pass needs of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

aten = torch.ops.aten


@dataclass(frozen=True)
class Activation:
    """A pointwise function y = f(x), as autograd follows it.

    backward(∂L/∂y, y, grad_input=…) writes ∂L/∂x, from y alone; None if y does not tell f′(x).
    """

    function: Callable[[Tensor], Tensor]
    in_place: Callable[[Tensor], Any]
    backward: Callable[..., Tensor] | None
    kernel: str | None = None
    """Its name in the enumeration of native/elman.c, which numbers them; None if it is not there."""
    slope: float = 0.0


def leaky_relu(slope: float) -> Activation:
    """x above 0, `slope` · x below; the slope positive, so that y has the sign of x."""

    def backward(gradient: Tensor, output: Tensor, *, grad_input: Tensor) -> Tensor:
        return aten.leaky_relu_backward.grad_input(gradient, output, slope, True, grad_input=grad_input)

    return Activation(
        partial(F.leaky_relu, negative_slope=slope),
        partial(F.leaky_relu_, negative_slope=slope),
        backward,
        "LEAKY",
        slope,
    )


def _relu_backward(gradient: Tensor, output: Tensor, *, grad_input: Tensor) -> Tensor:
    return aten.threshold_backward.grad_input(gradient, output, 0.0, grad_input=grad_input)


def _identity(x: Tensor) -> Tensor:
    return x


def _identity_backward(gradient: Tensor, output: Tensor, *, grad_input: Tensor) -> Tensor:
    return grad_input.copy_(gradient)


def _softsign_in_place(x: Tensor) -> Tensor:
    return x.div_(x.abs().add_(1))


def _softsign_backward(gradient: Tensor, output: Tensor, *, grad_input: Tensor) -> Tensor:
    """f′ = 1 / (1 + |x|)² = (1 − |y|)²."""
    return torch.abs(output, out=grad_input).sub_(1).square_().mul_(gradient)


ACTIVATIONS: dict[str, Activation] = {
    "tanh": Activation(torch.tanh, torch.tanh_, aten.tanh_backward.grad_input, "TANH"),
    "relu": Activation(torch.relu, torch.relu_, _relu_backward, "RELU"),
    "sigmoid": Activation(torch.sigmoid, torch.sigmoid_, aten.sigmoid_backward.grad_input, "SIGMOID"),
    "softsign": Activation(F.softsign, _softsign_in_place, _softsign_backward, "SOFTSIGN"),
    "identity": Activation(_identity, _identity, _identity_backward, "IDENTITY"),
    "gelu": Activation(F.gelu, aten.gelu_, None, "GELU"),
}
