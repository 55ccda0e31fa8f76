"""Zoneout against its paper's equations, and what it draws: for each seed and update, and for nothing else."""

import copy
from dataclasses import replace

import pytest
import torch
from cells_by_hand import BATCH, STEPS, assert_as_written, drawn
from kernels import needs_kernels
from torch import sigmoid, tanh

from bench.techniques.base import Situation
from bench.techniques.contract import TINY, EasyTask
from bench.techniques.zoneout import Zoneout, ZoneoutCell

H, KEEP_H, KEEP_C = 4, 0.2, 0.6


def zoneout(p, x, h, c, stay_h=KEEP_H, stay_c=KEEP_C):
    whole = p["input_weight"].T @ x + p["recurrent_weight"].T @ h + p["bias"]
    i, f, g, o = whole.unflatten(0, (4, -1))
    new_c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    new_h = sigmoid(o) * tanh(new_c)
    return stay_h * h + (1 - stay_h) * new_h, stay_c * c + (1 - stay_c) * new_c


def test_in_expectation_values_and_gradients_are_the_papers():
    assert_as_written(drawn(ZoneoutCell(2, 3, H, KEEP_H, KEEP_C)), zoneout)


def masks(members, batch, hidden):
    draw = torch.Generator().manual_seed(2)
    return torch.rand(members, STEPS, batch, 2 * hidden, generator=draw) < 0.4


def inputs(members, batch, features):
    draw = torch.Generator().manual_seed(3)
    return torch.randn(members, STEPS, batch, features, generator=draw, dtype=torch.float64)


def test_at_random_values_and_gradients_are_the_papers():
    cell, x, kept = drawn(ZoneoutCell(2, 3, H, KEEP_H, KEEP_C)), inputs(2, BATCH, 3), masks(2, BATCH, H)
    with cell.at_random(kept):
        outputs, _ = cell(x)
    slow = torch.empty_like(outputs)
    for e in range(2):
        p = {key: value[e] for key, value in cell.named_parameters()}
        for b in range(BATCH):
            h = c = torch.zeros(H, dtype=torch.float64)
            for t in range(STEPS):
                h, c = zoneout(p, x[e, t, b], h, c, *kept[e, t, b].double().split(H))
                slow[e, t, b] = h
    torch.testing.assert_close(outputs, slow)
    weights = inputs(2, BATCH, H)
    found = [torch.autograd.grad((y * weights).sum(), list(cell.parameters())) for y in (outputs, slow)]
    torch.testing.assert_close(*found)
    assert not torch.allclose(cell(x)[0], outputs), "without what was drawn it runs in expectation again"


@needs_kernels
@pytest.mark.parametrize(("batch", "hidden"), [(5, 6), (32, 64), (13, 67)])
def test_at_random_the_kernel_computes_the_same(batch, hidden):
    cell = drawn(ZoneoutCell(2, 3, hidden, KEEP_H, KEEP_C), scale=0.2)
    x, kept, weights = inputs(2, batch, 3), masks(2, batch, hidden), inputs(2, batch, hidden)
    found = []
    for dtype in (torch.float32, torch.float64):
        own = copy.deepcopy(cell).to(dtype)
        with own.at_random(kept):
            outputs, _ = own(x.to(dtype))
        loss = (outputs * weights.to(dtype)).sum()
        found.append([outputs, *torch.autograd.grad(loss, list(own.parameters()))])
    for native, exact in zip(*found, strict=True):
        assert (native.double() - exact).norm() <= 1e-5 * exact.norm()


def module(seeds, **dials):
    blueprint = replace(TINY, seeds=seeds, learning_rates=tuple(0.01 for _ in seeds), dials=dials)
    return Zoneout(blueprint, EasyTask()).double()


def gradients(own, x, share=1.0):
    """The gradients of one update, taken in turns where the memory holds but a share of it."""
    own.budget = share * len(own.rows) * x.shape[2] * own.bytes_each(TINY.steps, torch.float64)
    own.zero_grad()
    own._accumulate_in_turns(x, x[:, -TINY.scored :, :, : TINY.outputs])
    return [p.grad.clone() for p in own.parameters()]


def sequences(members):
    draw = torch.Generator().manual_seed(4)
    shape = TINY.steps, 6, TINY.inputs
    return torch.randn(shape, generator=draw, dtype=torch.float64).expand(members, *shape)


def test_what_is_drawn_depends_on_the_seed_and_the_update_alone():
    together, alone = module((1, 2, 1)), module((2,))
    first, single = gradients(together, sequences(3)), gradients(alone, sequences(1))
    for whole, own in zip(first, single, strict=True):
        torch.testing.assert_close(whole[1:2], own)
        assert torch.equal(whole[0], whole[2])
        assert not torch.allclose(whole[0], whole[1])
    for before, whole, own in zip(
        first, gradients(together, sequences(3)), gradients(alone, sequences(1)), strict=True
    ):
        torch.testing.assert_close(whole[1:2], own)
        assert not torch.allclose(whole, before), "the next update draws anew"


@pytest.mark.parametrize("share", [0.7, 0.34, 0.1], ids=["two members", "a member", "some sequences"])
def test_members_and_sequences_that_take_turns_have_the_same_drawn(share):
    whole, parts = module((1, 2, 3)), module((1, 2, 3))
    for _ in range(2):
        for a, b in zip(gradients(whole, sequences(3)), gradients(parts, sequences(3), share), strict=True):
            torch.testing.assert_close(a, b)


def test_as_many_units_stay_as_is_said():
    kept = module((1, 2), keep_h=0.05, keep_c=0.5)._drawn(torch.tensor([0, 1]), 200, 30).float()
    h, c = kept.mean((1, 2)).chunk(2, dim=-1)
    for found, share in ((h, 0.05), (c, 0.5)):
        assert found.mean().item() == pytest.approx(share, abs=5 * (share * (1 - share) / (2 * 6000 * 16)) ** 0.5)
        assert found.std() < 3 * (share * (1 - share) / 6000) ** 0.5


def test_a_state_that_never_changes_is_declined():
    situation = Situation(task="adding", lag=9, steps=9, hidden_size=8, dials={"keep_h": 0.1, "keep_c": 1.0})
    assert "hardly ever change" in Zoneout.skip(situation)
