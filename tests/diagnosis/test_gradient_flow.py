"""The measured decay is the one that a closed form gives."""

import math

import numpy as np
import pytest
import torch
from made_up.sequence_models import Linear, Reader, noise, subject
from torch import nn

from bench.diagnosis import flow as flows


@pytest.mark.parametrize("factor", [0.6, 0.9, 1.0, 1.1])
def test_a_scaled_orthogonal_matrix_decays_at_its_factor(factor: float) -> None:
    found = flows.measure(subject(Linear(factor), noise()))
    assert found.fitted.rate == pytest.approx(math.log(factor), abs=1e-9)
    assert np.allclose(np.diff(found.profile), math.log(factor))
    assert found.cut_at() is None


def test_frozen_gates_decay_at_the_forget_gate() -> None:
    """With no recurrent weights, ∂c_T/∂c_t is the product of forget gates, here one constant."""
    model = Reader(inputs=6, size=6)
    forget = 0.8
    with torch.no_grad():
        model.rnn.weight_hh_l0.zero_()
        model.rnn.weight_ih_l0[6:12] = 0
        model.rnn.bias_hh_l0.zero_()
        model.rnn.bias_ih_l0[6:12] = math.log(forget / (1 - forget))
    found = flows.measure(subject(model, noise(targets=1)))
    numbers = flows.states(found)["rnn.layer0"]
    assert numbers["decay_c"] == pytest.approx(math.log(forget), abs=1e-9)
    assert numbers["forget_gate"] == pytest.approx(forget)
    assert numbers["forget_saturated"] == 0


def test_intervals_hold_the_decay_and_shrink_to_it() -> None:
    draws = flows.measure(subject(Linear(0.9), noise())).draws()
    assert flows.interval(draws) == pytest.approx((math.log(0.9),) * 2, abs=1e-9)


@pytest.mark.parametrize("cut", [1, 5, 19])
def test_a_detached_state_is_cut_where_it_is(cut: int) -> None:
    assert flows.measure(subject(Linear(0.9, cut=cut), noise())).cut_at() == cut


def test_a_gradient_too_small_for_numbers_is_not_cut() -> None:
    batch = noise(steps=400)
    assert not np.isfinite(flows.measure(subject(Linear(0.1), batch)).profile).all()
    assert flows.measure(subject(Linear(0.1), batch)).cut_at() is None


def test_each_sequence_ends_at_its_own_last_step() -> None:
    class AtEnds(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = Linear(0.9)

        def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
            return torch.stack([self.linear(one[None, :n])[0] for one, n in zip(x, lengths, strict=True)])

    batch = noise(sequences=4)
    batch = type(batch)(batch.x, batch.y, torch.tensor([3, 20, 7, 11]))
    found = flows.measure(subject(AtEnds(), batch))
    assert (~np.isnan(found.back)).sum(1).tolist() == [3, 20, 7, 11]
    assert found.fitted.rate == pytest.approx(math.log(0.9), abs=1e-9)


def test_losses_at_every_step_do_not_hide_the_decay() -> None:
    """The gradient of the last step's loss is followed: the sum over all would show where losses enter."""

    class Each(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = Linear(0.7)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.stack([self.linear(x[:, : t + 1]) for t in range(x.shape[1])], 1)

    batch = noise(steps=12)
    batch = type(batch)(batch.x, torch.randn(12, 12, 6))
    assert flows.measure(subject(Each(), batch)).fitted.rate == pytest.approx(math.log(0.7), abs=1e-9)


def test_the_first_value_that_is_not_finite_is_named() -> None:
    model = Reader(nn.RNN, inputs=6, size=6, nonlinearity="relu", num_layers=2).double()
    with torch.no_grad():
        model.rnn.weight_hh_l1.copy_(1e40 * torch.eye(6).double())
        model.rnn.bias_ih_l1.fill_(1.0)
    found = flows.measure(subject(model, noise(targets=1)))
    assert not found.finite
    assert found.problem == "rnn, layer 1, step 8"  # the bias times 1e40 to the 8th is beyond double precision


def test_tokens_are_followed_from_the_embedding() -> None:
    model = nn.Sequential(nn.Embedding(9, 6), Linear(0.8))
    batch = noise()
    batch = type(batch)(torch.randint(0, 9, (12, 20)), batch.y)
    assert flows.measure(subject(model, batch)).fitted.rate == pytest.approx(math.log(0.8), abs=1e-9)


def test_clipping_tells_norms_of_parts() -> None:
    model = subject(Linear(0.9), noise())
    clip = flows.clipping(model, 1.0)
    assert 0 < clip["median"] <= clip["quantile_90"] <= clip["largest"]
    assert flows.clipping(model, clip["largest"])["share"] == 0
