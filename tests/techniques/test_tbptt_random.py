"""Random truncation: right on average over all draws, and the same for a member whoever else trains."""

import math
from dataclasses import replace
from itertools import pairwise, product

import pytest
import torch

from bench.engine.probe import recorded
from bench.techniques.contract import TINY, EasyTask
from bench.techniques.tanh import Tanh
from bench.techniques.tbptt_random import RandomlyTruncatedBPTT, compensated

STEPS = 7
ONE = replace(TINY, lag=STEPS, steps=STEPS, scored=3, seeds=(1,), learning_rates=(0.01,), dials={"length": 2.0})
CUT, PASS = 0.0, 1.0
"""Draws below and above every probability."""


def sequences(members, steps):
    draw = torch.Generator().manual_seed(1)
    inputs = torch.randn(members, steps, 4, TINY.inputs, generator=draw, dtype=torch.float64)
    return inputs, inputs[:, -3:, :, : TINY.outputs]


def gradients(module, inputs, targets):
    for parameter in module.parameters():
        parameter.grad = None
    module.accumulate(inputs, targets)
    return [parameter.grad.clone() for parameter in module.parameters()]


def probability(pattern, length, tail):
    """These cuts have α / ((α − 1) L + δ) where there is one, δ steps after the last, else the rest."""
    found, last = 1.0, 0
    for step, draw in enumerate(pattern, start=1):
        c = tail / ((tail - 1) * length + step - last)
        found *= c if draw == CUT else 1 - c
        last = step if draw == CUT else last
    return found


def test_the_gradient_is_right_on_average_over_all_draws(monkeypatch):
    """Two to the sixth patterns of cuts, weighed by their probabilities, in closed form."""
    module, full = (cls(ONE, EasyTask()).double() for cls in (RandomlyTruncatedBPTT, Tanh))
    batch = sequences(1, STEPS)
    mean = [torch.zeros_like(parameter) for parameter in module.parameters()]
    spread, total = 0.0, 0.0
    for pattern in product([CUT, PASS], repeat=STEPS - 1):
        monkeypatch.setattr(module, "factors", lambda own, pattern=pattern: compensated(pattern, 2, 6.0))
        weight = probability(pattern, 2, 6.0)
        total += weight
        for sum_, gradient in zip(mean, gradients(module, *batch), strict=True):
            sum_ += weight * gradient
            spread += weight * gradient.square().sum().item()
    assert total == pytest.approx(1, rel=1e-12)
    wanted = gradients(full, *batch)
    torch.testing.assert_close(mean, wanted, rtol=1e-10, atol=1e-12)
    assert spread > 1.01 * sum(gradient.square().sum().item() for gradient in wanted), "single draws are not right"


def test_where_all_is_cut_each_step_sees_its_own_loss_alone(monkeypatch):
    module, full = (cls(ONE, EasyTask()).double() for cls in (RandomlyTruncatedBPTT, Tanh))
    monkeypatch.setattr(module, "factors", lambda own: [1.0] + [0.0] * (STEPS - 1))
    inputs, targets = sequences(1, STEPS)
    found = gradients(module, inputs, targets)
    h, losses = full.layers[0].start(inputs), []
    for t in range(STEPS):
        outputs, h = full.layers[0](inputs[:, t : t + 1], tuple(s.detach() for s in h))
        if t >= STEPS - 3:
            losses.append(full.task.loss(full.readout(outputs), targets[:, t - (STEPS - 3)].unsqueeze(1)) / 3)
    wanted = torch.autograd.grad(sum(losses).sum(), list(full.parameters()))
    torch.testing.assert_close(found, list(wanted), rtol=1e-10, atol=1e-12)


def test_its_own_way_back_is_autograds_through_the_steps():
    module = RandomlyTruncatedBPTT(replace(TINY, scored=3, dials={"length": 5.0}), EasyTask()).double()
    batch = sequences(len(TINY.seeds), TINY.steps)
    fast = gradients(module, *batch)
    with recorded(module.layers) as (history,):
        slow = gradients(module, *batch)
    torch.testing.assert_close(fast, slow, rtol=1e-10, atol=1e-12)
    assert any(state[0].grad[0].abs().max() == 0 for state in history), "a probe sees where the first member is cut"


def test_cuts_are_of_the_length_asked_for_and_longer_ones_are_not_rare():
    """Between cuts there are about L steps; windows of more than three times as many have a heavy tail's share."""
    module = RandomlyTruncatedBPTT(replace(ONE, dials={"length": 10.0}), EasyTask())
    factors = module.factors(torch.zeros(100_001, 1, 1))
    cuts = [step for step, factor in enumerate(factors) if factor == 0]
    windows = [b - a for a, b in pairwise(cuts)]
    assert sum(windows) / len(windows) == pytest.approx(10, rel=0.1)
    share = math.prod(1 - 6 / (50 + since) for since in range(1, 31))
    assert sum(window > 30 for window in windows) / len(windows) == pytest.approx(share, rel=0.2)


def test_a_members_cuts_depend_on_its_batch_alone():
    module = RandomlyTruncatedBPTT(replace(TINY, dials={"length": 5.0}), EasyTask())
    inputs = torch.randn(3, 40, 4, TINY.inputs, generator=torch.Generator().manual_seed(1))
    first, second = (module.factors(own) for own in inputs[:2])
    assert first != second
    assert module.factors(inputs.flip(0)[2]) == first
    assert all(factor == 0 or factor > 1 for factor in first[1:])
