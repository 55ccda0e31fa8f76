"""The LSTM's relatives: without a forget gate, with chrono biases or peepholes, with gates that are coupled or one."""

from dataclasses import replace

import pytest
import torch
from cells_by_hand import assert_as_written, by_formula, drawn
from torch import sigmoid, tanh

from bench.engine.lstm import LSTM
from bench.techniques import techniques
from bench.techniques.janet import ForgetCell
from bench.techniques.lstm_coupled import CoupledCell
from bench.techniques.lstm_no_forget import CarouselCell
from bench.techniques.lstm_peephole import PeepholeCell
from bench.testing.techniques import BLUEPRINT, EasyTask

E, T, B, N, H = 2, 9, 3, 4, 5


def random(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_without_forget_gate_it_is_the_lstm_whose_forget_gate_stays_open():
    carousel, whole = drawn(CarouselCell(E, N, H)), LSTM(E, N, H).double()
    for key, weight in whole.named_parameters():
        i, g, o = getattr(carousel, key).data.split(H, dim=-1)
        held = torch.full_like(i, 1e3 if key == "bias" else 0.0)
        weight.data = torch.cat((i, held, g, o), dim=-1)
    x = random(E, T, B, N)
    for a, b in zip(carousel(x), whole(x), strict=True):
        torch.testing.assert_close(a, b)


def test_along_the_cell_the_carousel_loses_nothing():
    """With gates that ignore h the path along c is the only one: ∂c_T/∂c_0 is exactly the identity."""
    cell = drawn(CarouselCell(1, N, H))
    cell.recurrent_weight.data.zero_()
    start = random(1, 1, H).requires_grad_()
    _, (_, last) = cell(random(1, 200, 1, N), (torch.zeros(1, 1, H).double(), start))
    jacobian = torch.stack([torch.autograd.grad(c, start, retain_graph=True)[0][0, 0] for c in last[0, 0]])
    assert torch.equal(jacobian, torch.eye(H, dtype=torch.float64))


@pytest.mark.parametrize("steps", [2, 100])
def test_chrono_biases_are_logarithms_of_uniform_lengths(steps):
    module = techniques.get("lstm-chrono")(replace(BLUEPRINT, hidden_size=2000, steps=steps), EasyTask())
    i, f, g, o = module.layers[0].bias.detach().view(len(BLUEPRINT.seeds), 4, -1).unbind(1)
    assert torch.equal(i, -f)
    assert not g.any()
    assert not o.any()
    lengths = f.exp()
    assert lengths.min() >= 1 - 1e-6
    assert lengths.max() <= max(2, steps - 1) * (1 + 1e-6)
    assert lengths.mean().item() == pytest.approx((1 + max(2, steps - 1)) / 2, rel=0.05)


def pre_activations(p, x, h, gates):
    whole = p["input_weight"].T @ x + p["recurrent_weight"].T @ h + p["bias"]
    return whole.unflatten(0, (gates, -1))


def peephole(p, x, h, c):
    i, f, g, o = pre_activations(p, x, h, 4)
    to_i, to_f, to_o = p["peephole_weight"].unflatten(0, (3, -1))
    c_next = c * sigmoid(f + to_f * c) + tanh(g) * sigmoid(i + to_i * c)
    return tanh(c_next) * sigmoid(o + to_o * c_next), c_next


def coupled(p, x, h, c):
    f, g, o = pre_activations(p, x, h, 3)
    c = sigmoid(f) * c + (1 - sigmoid(f)) * tanh(g)
    return sigmoid(o) * tanh(c), c


def janet(p, x, c):
    s, candidate = pre_activations(p, x, c, 2)
    return (sigmoid(s) * c + (1 - sigmoid(s - 0.7)) * tanh(candidate),)


@pytest.mark.parametrize(
    ("cell", "step"),
    [
        (PeepholeCell(E, N, H), peephole),
        (CoupledCell(E, N, H), coupled),
        (ForgetCell(E, N, H, beta=0.7, longest=9.0), janet),
    ],
    ids=["peepholes", "coupled", "janet"],
)
def test_values_and_gradients_are_the_papers(cell, step):
    assert_as_written(drawn(cell), step)


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        (PeepholeCell(1, 3, 4), [-0.21879108129862265, -0.06789734253874193, 0.18474859254823442, -0.040246048829242]),
        (
            ForgetCell(1, 3, 4, beta=1.0, longest=9.0),
            [-0.741141973836583, -0.779767992497744, -1.1521111610332864, -0.14180281524588734],
        ),
    ],
    ids=["peepholes", "janet"],
)
def test_numbers_are_those_of_a_public_implementation(cell, numbers):
    """The last outputs of the first sequence by PeepholeLSTMCell and JANETCell of torchrecurrent 0.2.5."""
    outputs, _ = cell(by_formula(cell))
    assert outputs[0, -1, 0].tolist() == pytest.approx(numbers, rel=1e-12)


def test_without_its_peepholes_it_starts_as_the_lstm():
    own, plain = (techniques.get(name)(BLUEPRINT, EasyTask()).layers[0] for name in ("lstm-peephole", "lstm"))
    for key, weight in plain.named_parameters():
        assert torch.equal(own.get_parameter(key), weight), key
    assert own.peephole_weight.detach().abs().max() <= 8**-0.5
    assert own.peephole_weight.detach().abs().min() > 0


def test_gates_at_the_start():
    coupled_gate = techniques.get("lstm-coupled")(BLUEPRINT, EasyTask()).layers[0].bias.detach()[:, :8]
    assert (coupled_gate == 1).all()
    module = techniques.get("janet")(replace(BLUEPRINT, hidden_size=2000, steps=50), EasyTask())
    forget, candidate = module.layers[0].bias.detach().view(len(BLUEPRINT.seeds), 2, -1).unbind(1)
    assert not candidate.any()
    lengths = forget.exp()
    assert 1 - 1e-6 <= lengths.min() < 1.2
    assert lengths.max() <= 49 * (1 + 1e-6)
    assert lengths.mean().item() == pytest.approx(25, rel=0.05)


def test_chrono_differs_from_the_lstm_in_biases_alone():
    chrono, plain = (techniques.get(name)(BLUEPRINT, EasyTask()) for name in ("lstm-chrono", "lstm"))
    for (key, own), (_, other) in zip(chrono.named_parameters(), plain.named_parameters(), strict=True):
        assert torch.equal(own, other) == (key != "stack.0.bias"), key
