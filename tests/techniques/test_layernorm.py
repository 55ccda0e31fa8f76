"""The normalised tanh network against torch's own layer_norm, and what follows from its equation."""

import torch
from cells_by_hand import assert_as_written, drawn
from torch.nn.functional import layer_norm

from bench.techniques.layernorm import NormalisedCell


def normalised(p, x, h):
    a = p["input_weight"].T @ x + p["recurrent_weight"].T @ h
    return (torch.tanh(layer_norm(a, a.shape, p["gain"], p["bias"])),)


def test_values_and_gradients_are_the_papers():
    assert_as_written(drawn(NormalisedCell(2, 3, 5)), normalised)


def test_the_size_of_the_weights_does_not_matter():
    """All weights that enter a, ten times as large, change the outputs by no more than epsilon does."""
    cell = drawn(NormalisedCell(2, 3, 64))
    x = torch.randn(2, 9, 4, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    before, _ = cell(x)
    for weight in (cell.input_weight, cell.recurrent_weight):
        weight.data *= 10
    after, _ = cell(x)
    torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-4)
