"""coRNN and LEM against their papers' equations, and numbers of their authors' code."""

from dataclasses import replace

import pytest
import torch
from cells_by_hand import assert_as_written, by_formula, drawn
from torch import sigmoid, tanh

from bench.techniques.contract import TINY, EasyTask
from bench.techniques.cornn import CoRNN, OscillatorCell
from bench.techniques.lem import LongExpressiveMemory, MultiscaleCell

H = 4
STEP, GAMMA, EPSILON = 0.2, 2.0, 0.7


def cornn(p, x, y, z):
    force = tanh(p["recurrent_weight"].T @ y + p["velocity_weight"].T @ z + p["input_weight"].T @ x + p["bias"])
    z_next = z + STEP * force - STEP * GAMMA * y - STEP * EPSILON * z
    return y + STEP * z_next, z_next


def lem(p, x, y, z):
    v_1, v_2, v_z, v_y = p["input_weight"].split(H, dim=1)
    w_1, w_2, w_z, w_y = p["recurrent_weight"].split(H, dim=1)
    b_1, b_2, b_z, b_y = p["bias"].split(H)
    step = STEP * sigmoid(y @ w_1 + x @ v_1 + b_1)
    other = STEP * sigmoid(y @ w_2 + x @ v_2 + b_2)
    z = (1 - step) * z + step * tanh(y @ w_z + x @ v_z + b_z)
    return (1 - other) * y + other * tanh(z @ w_y + x @ v_y + b_y), z


CELLS = {
    "cornn": (lambda e: OscillatorCell(e, 3, H, STEP, GAMMA, EPSILON), cornn),
    "lem": (lambda e: MultiscaleCell(e, 3, H, STEP), lem),
}


@pytest.mark.parametrize("name", CELLS)
def test_values_and_gradients_are_the_papers(name):
    make, step = CELLS[name]
    assert_as_written(drawn(make(2)), step)


NUMBERS = {
    "cornn": [0.5278036810979095, -0.41693547630531913, -0.15915466403047435, 0.2173833255198265],
    "lem": [-0.21849727422752147, 0.2341179380918057, -0.3552477484772442, -0.21555289890858828],
}
"""The last outputs of the first sequence by the authors' code: tk-rusch/coRNN, adding/model.py; tk-rusch/LEM,
src/FitzHughNagumo/network.py."""


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_those_of_the_authors_code(name):
    cell = CELLS[name][0](1)
    outputs, _ = cell(by_formula(cell))
    assert outputs[0, -1, 0].tolist() == pytest.approx(NUMBERS[name], rel=1e-12)


@pytest.mark.parametrize(
    ("technique", "declared"),
    [(CoRNN, {"recurrent_weight", "velocity_weight"}), (LongExpressiveMemory, {"recurrent_weight"})],
)
def test_the_protocols_gain_scales_every_matrix_of_a_state(technique, declared):
    plain, scaled = (technique(replace(TINY, recurrent_gain=gain), EasyTask()) for gain in (1.0, 3.0))
    for key, weight in plain.named_parameters():
        gain = 3.0 if key.rpartition(".")[-1] in declared else 1.0
        torch.testing.assert_close(scaled.get_parameter(key), gain * weight, rtol=1e-6, atol=0)


def test_at_the_start_weights_are_drawn_as_the_authors_do():
    """torch's own Linear of all that enters at once; LEM's biases are drawn, too."""
    blueprint = replace(TINY, hidden_size=100)
    oscillators, memories = (cls(blueprint, EasyTask()).layers[0] for cls in (CoRNN, LongExpressiveMemory))
    spread = (TINY.inputs + 200) ** -0.5
    for weight in (oscillators.input_weight, oscillators.recurrent_weight, oscillators.velocity_weight):
        assert weight.detach().abs().max().item() == pytest.approx(spread, rel=0.02)
    assert not torch.equal(oscillators.recurrent_weight, oscillators.velocity_weight)
    for weight in memories.parameters():
        assert weight.detach().abs().max().item() == pytest.approx(0.1, rel=0.02)
