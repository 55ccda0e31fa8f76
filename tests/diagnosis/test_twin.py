"""The step-wise twin of a fused layer gives its numbers, in every shape that torch has."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from bench.diagnosis.twin import FUSED, StepwiseTwin, with_twins

SHAPES: list[dict[str, Any]] = [
    {"num_layers": layers, "bidirectional": both, "batch_first": first}
    for layers, both, first in ((1, False, True), (2, True, False), (3, True, True), (2, False, False))
]
EXACT = {"rtol": 0, "atol": 1e-10}


def flat(said: Any) -> list[torch.Tensor]:
    out, state = said
    out = out.data if hasattr(out, "batch_sizes") else out
    return [out, *(state if isinstance(state, tuple) else (state,))]


def same(layer: nn.RNNBase, *given: Any) -> None:
    for a, b in zip(flat(layer(*given)), flat(StepwiseTwin(layer)(*given)), strict=True):
        torch.testing.assert_close(a, b, **EXACT)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (nn.RNN, {}),
        (nn.RNN, {"nonlinearity": "relu", "bias": False}),
        (nn.GRU, {}),
        (nn.LSTM, {}),
        (nn.LSTM, {"proj_size": 3}),
    ],
)
def test_a_twin_equals_its_layer(kind: Any, more: dict[str, Any], shape: dict[str, Any]) -> None:
    torch.manual_seed(0)
    layer = kind(4, 5, **shape, **more).double()
    x = torch.randn(3, 7, 4).double()
    same(layer, x if shape["batch_first"] else x.transpose(0, 1))
    same(layer, x[0])  # one sequence without an axis for the batch
    packed = pack_padded_sequence(x, torch.tensor([2, 7, 5]), batch_first=True, enforce_sorted=False)
    same(layer, packed)


@pytest.mark.parametrize("kind", FUSED)
def test_a_twin_starts_where_it_is_told(kind: Any) -> None:
    layer = kind(4, 5, 2).double()
    state = torch.randn(2, 3, 5).double()
    same(layer, torch.randn(7, 3, 4).double(), (state, state.flip(0)) if kind is nn.LSTM else state)


def test_gradients_of_weights_are_the_layers_own() -> None:
    layer = nn.LSTM(4, 5, 2, batch_first=True).double()
    x = torch.randn(3, 7, 4).double()
    found = []
    for module in (layer, StepwiseTwin(layer)):
        layer.zero_grad()
        module(x)[0][:, -1].sum().backward()
        found.append([p.grad.clone() for p in layer.parameters()])
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, **EXACT)


def test_twins_take_the_place_of_layers_wherever_they_are() -> None:
    class Own(nn.LSTM):
        pass

    model = nn.ModuleDict({"a": nn.GRU(2, 3), "b": nn.Sequential(nn.Linear(2, 2), nn.LSTM(2, 3)), "c": Own(2, 3)})
    model, twins = with_twins(model)
    assert sorted(twins) == ["a", "b.1"]
    assert isinstance(model["b"][1], StepwiseTwin)
    assert model["a"].hidden_size == 3
    assert type(model["c"]) is Own
