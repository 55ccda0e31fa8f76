"""Gradient flow against closed forms."""

import math

import pytest
import torch
from torch import nn

from bench.engine.elman import Elman
from bench.engine.lstm import LSTM
from bench.engine.probe import fit_decay, log_norms, recorded, trajectories
from bench.engine.seeding import generator

STEPS, BATCH, HIDDEN = 60, 3, 8


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=generator("probe test", *shape), dtype=torch.float64)


def flow(layer: nn.Module, x: torch.Tensor, state: int = 0) -> torch.Tensor:
    """Log-norms (E, T) of the gradient of a random linear function of the last output."""
    with recorded([layer]) as (history,):
        outputs, _ = layer(x)
        (outputs[:, -1] * drawn(*outputs[:, -1].shape)).sum().backward()
    return log_norms([step[state].grad for step in history], len(x))


@pytest.mark.parametrize("radius", [0.15, 0.9, 1.0, 1.1])
def test_a_scaled_orthogonal_matrix_decays_at_its_scale(radius):
    """h_t = ρ Q h_{t−1} + …: every step multiplies the gradient's norm by exactly ρ, whatever Q and the batch."""
    layer = Elman(2, 4, HIDDEN, activation="identity").double()
    for weight in layer.recurrent_weight.data:
        start = torch.empty(HIDDEN, HIDDEN, dtype=torch.float64)
        weight.copy_(radius * nn.init.orthogonal_(start, generator=generator("orthogonal")))
    layer.input_weight.data.copy_(drawn(2, 4, HIDDEN))
    for norms in flow(layer, drawn(2, 300, BATCH, 4)):
        fit = fit_decay(norms)
        assert fit.rate == pytest.approx(math.log(radius), abs=1e-12)
        assert (fit.first_lag, fit.last_lag) == (0, 299), "10⁻²⁴⁷ is far below single precision, and still counts"
        if radius != 1:
            assert fit.r2 == pytest.approx(1.0)
        if radius < 1:
            assert fit.half_life == pytest.approx(math.log(2) / -math.log(radius))
            assert fit.reach == math.floor(2 / -math.log10(radius))


def test_a_scalar_tanh():
    """∂h_T/∂h_t = ∏ w (1 − h_s²)."""
    w, layer = 1.3, Elman(1, 1, 1).double()
    layer.recurrent_weight.data.fill_(w)
    layer.input_weight.data.fill_(0.7)
    x = drawn(1, STEPS, 1, 1)
    norms = flow(layer, x)[0]
    h, states = 0.0, []
    for value in x.flatten().tolist():
        h = math.tanh(0.7 * value + w * h)
        states.append(h)
    last = drawn(1, 1, 1).abs().log().item()
    expected = [last + sum(math.log(w * (1 - states[s] ** 2)) for s in range(t + 1, STEPS)) for t in range(STEPS)]
    torch.testing.assert_close(norms, torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize("bias", [0.0, 1.0, 4.0])
def test_an_lstm_with_frozen_gates(bias):
    """Without weights the gates are constants: ∂c_T/∂c_t = σ(b_f)^(T−t), and h leads nowhere."""
    layer = LSTM(1, 2, HIDDEN).double()
    for parameter in layer.parameters():
        parameter.data.zero_()
    layer.bias.data[:, HIDDEN : 2 * HIDDEN] = bias
    fit = fit_decay(flow(layer, drawn(1, STEPS, BATCH, 2), state=1)[0])
    forget = 1 / (1 + math.exp(-bias))
    assert fit.rate == pytest.approx(math.log(forget), abs=1e-12)
    through_h = flow(layer, drawn(1, STEPS, BATCH, 2), state=0)[0]
    assert through_h[-1].isfinite()
    assert (through_h[:-1] == -math.inf).all()


def test_recording_leaves_the_layer_as_it_was():
    layer = Elman(2, 3, HIDDEN).double()
    nn.init.normal_(layer.recurrent_weight, std=0.3)
    nn.init.normal_(layer.input_weight)
    x = drawn(2, STEPS, BATCH, 3)
    before, _ = layer(x)
    with recorded([layer]) as (history,):
        within, _ = layer(x)
    after, _ = layer(x)
    assert len(history) == STEPS
    torch.testing.assert_close(within, before)
    assert torch.equal(before, after)
    assert "unroll" not in vars(layer)


@pytest.mark.parametrize("kind", [Elman, LSTM])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_states_are_recorded_in_every_precision_and_kernels_come_back(kind, dtype):
    layer = kind(2, 3, HIDDEN).to(dtype)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.3)
    x = drawn(2, STEPS, BATCH, 3).to(dtype)
    before, _ = layer(x)
    with recorded([layer]) as (history,):
        within, ends = layer(x, None, 2)
    assert len(history) == STEPS
    assert all(a is b for a, b in zip(history[-1], ends, strict=True))
    torch.testing.assert_close(within, before[:, -2:], rtol=1e-4, atol=1e-5)
    assert not {"unroll", "native", "fallback"} & set(vars(layer))
    assert torch.equal(layer(x)[0], before)


def test_recording_leaves_what_was_patched_before_as_it_was():
    layer = Elman(2, 3, HIDDEN)
    layer.native = nothing = lambda: None
    with recorded([layer]), recorded([layer]):
        pass
    assert layer.native is nothing
    assert "unroll" not in vars(layer)


def test_trajectories_hold_states_by_name_and_the_loss_gradients():
    layer = LSTM(2, 3, HIDDEN).double()
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.3)
    with recorded([layer]) as histories:
        outputs, _ = layer(drawn(2, 5, BATCH, 3))
    (outputs[:, -1].sum() * 0.5).backward()
    (way,) = trajectories([layer], histories, 0.5)
    assert {name: tuple(s.shape) for name, s in way.states.items()} == dict.fromkeys("hc", (2, 5, BATCH, HIDDEN))
    assert torch.equal(way.states["h"], outputs)
    assert way.gradients["h"][:, -1].eq(1).all(), "of the loss itself, not of a share of it"
    assert torch.equal(way.gradients["c"][:, 1], histories[0][1][1].grad / 0.5)


def test_a_complex_gradient_has_the_norm_of_its_two_parts():
    gradient = torch.complex(drawn(2, 3, 4), drawn(3, 2, 4).transpose(0, 1))
    parts = torch.view_as_real(gradient).flatten(1).norm(dim=1).log()
    torch.testing.assert_close(log_norms([gradient], 2)[:, 0], parts)


def test_norms_so_small_that_their_squares_vanish():
    tiny = torch.full((1, 2, 2), 1e-200, dtype=torch.float64)
    assert log_norms([tiny, None, torch.zeros(1, 2, 2)], 1).tolist() == [
        [pytest.approx(math.log(2e-200)), -math.inf, -math.inf]
    ]


def test_an_exponential_is_told_from_a_power_law():
    lags = torch.arange(100, dtype=torch.float64).flip(0)
    exponential, power = fit_decay(-0.3 * lags), fit_decay(-2 * torch.log1p(lags))
    assert exponential.r2 == pytest.approx(1)
    assert exponential.r2 > exponential.power_r2
    assert power.power_r2 > power.r2


def test_lags_before_the_first_and_behind_a_cut_do_not_count():
    norms = torch.tensor([5.0, 5.0, -math.inf, -3.0, -2.0, -1.0, 7.0, 7.0], dtype=torch.float64)
    fit = fit_decay(norms, first_lag=2)
    assert (fit.rate, fit.first_lag, fit.last_lag) == (pytest.approx(-1), 2, 4)
    assert math.isnan(fit_decay(norms[-3:], first_lag=1).rate), "two points are no line"
