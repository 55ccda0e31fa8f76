"""The LSTM's relatives: without a forget gate, and with chrono biases."""

from dataclasses import replace

import pytest
import torch

from bench.engine.lstm import LSTM
from bench.techniques import techniques
from bench.techniques.lstm_no_forget import CarouselCell
from bench.testing.techniques import BLUEPRINT, EasyTask

E, T, B, N, H = 2, 9, 3, 4, 5


def drawn(cell):
    torch.manual_seed(0)
    for parameter in cell.parameters():
        parameter.data = torch.randn(parameter.shape, dtype=torch.float64)
    return cell


def test_without_forget_gate_it_is_the_lstm_whose_forget_gate_stays_open():
    carousel, whole = drawn(CarouselCell(E, N, H)), LSTM(E, N, H).double()
    for key, weight in whole.named_parameters():
        i, g, o = getattr(carousel, key).data.split(H, dim=-1)
        held = torch.full_like(i, 1e3 if key == "bias" else 0.0)
        weight.data = torch.cat((i, held, g, o), dim=-1)
    x = torch.randn(E, T, B, N, dtype=torch.float64)
    for a, b in zip(carousel(x), whole(x), strict=True):
        torch.testing.assert_close(a, b)


def test_along_the_cell_the_carousel_loses_nothing():
    """With gates that ignore h the path along c is the only one: ∂c_T/∂c_0 is exactly the identity."""
    cell = drawn(CarouselCell(1, N, H))
    cell.recurrent_weight.data.zero_()
    start = torch.randn(1, 1, H, dtype=torch.float64, requires_grad=True)
    _, (_, last) = cell(torch.randn(1, 200, 1, N, dtype=torch.float64), (torch.zeros(1, 1, H).double(), start))
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


def test_chrono_differs_from_the_lstm_in_biases_alone():
    chrono, plain = (techniques.get(name)(BLUEPRINT, EasyTask()) for name in ("lstm-chrono", "lstm"))
    for (key, own), (_, other) in zip(chrono.named_parameters(), plain.named_parameters(), strict=True):
        assert torch.equal(own, other) == (key != "stack.0.bias"), key
