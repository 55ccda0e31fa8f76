"""IndRNN against its paper's equation, and its weights' range."""

from dataclasses import replace

import pytest
import torch
from cells_by_hand import assert_as_written, by_formula, drawn

from bench.techniques.contract import TINY, EasyTask
from bench.techniques.indrnn import IndependentCell, IndRNN


def independent(p, x, h):
    return (torch.stack([max(v, v * 0) for v in x @ p["input_weight"] + p["bias"] + p["unit_weight"] * h]),)


def test_values_and_gradients_are_the_papers():
    assert_as_written(drawn(IndependentCell(2, 3, 4, least=0.0, bound=1.0)), independent)


def test_numbers_are_those_of_a_public_implementation():
    """The last outputs of the first sequence by IndRNNCell of torchrecurrent 0.2.5, with a ReLU."""
    cell = IndependentCell(1, 3, 4, least=0.0, bound=1.0)
    outputs, _ = cell(by_formula(cell))
    assert outputs[0, -1, 0].tolist() == pytest.approx([0.859773231145784, 1.1696223686361087, 0.0, 0.0], rel=1e-12)


def test_at_the_start_the_upper_layer_keeps_and_the_lower_does_as_it_is_drawn():
    module = IndRNN(replace(TINY, hidden_size=3000, steps=10), EasyTask())
    lower, upper = (layer.unit_weight.detach() for layer in module.layers)
    assert lower.min() >= 0
    assert lower.mean().item() == pytest.approx(2**0.1 / 2, rel=0.05)
    assert upper.min() >= 2**-0.1
    assert upper.mean().item() == pytest.approx((2**0.1 + 2**-0.1) / 2, rel=0.01)
    assert max(lower.max(), upper.max()) <= 2**0.1


def test_after_an_update_every_weight_is_within_its_bound():
    module = IndRNN(replace(TINY, learning_rates=(1.0, 1.0, 1.0)), EasyTask())
    x = torch.randn(3, TINY.steps, 7, TINY.inputs, generator=torch.Generator().manual_seed(1))
    module.layers[0].unit_weight.data[1] = float("nan")
    module.update(module.configure_optimizers(), x, x[:, -TINY.scored :, :, : TINY.outputs])
    bound = 2 ** (1 / TINY.steps)
    for layer in module.layers:
        sizes = layer.unit_weight[[0, 2]].detach().abs()
        assert sizes.max().item() == pytest.approx(bound), "so large a step leads beyond it"
        assert layer.unit_weight[[0, 2]].isfinite().all()
