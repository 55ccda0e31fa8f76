"""What a technique may do beside its recurrence: act after a step, move some parameters slower, know the length."""

from dataclasses import replace
from typing import ClassVar

import pytest
import torch

from bench.protocol.preset import Selectors, load_preset, resolve
from bench.records.settings import Member
from bench.tasks import tasks
from bench.techniques.contract import TINY, EasyTask
from bench.techniques.tanh import Tanh
from bench.training.cohort import build

MEMBERS = len(TINY.seeds)


class Bounded(Tanh):
    """Recurrent weights stay within 0.1."""

    def after_update(self):
        assert not torch.is_grad_enabled()
        self.layers[0].recurrent_weight.clamp_(-0.1, 0.1)


class Slow(Tanh):
    """Biases move at a tenth of the rate, the recurrent weights not at all."""

    parameter_rates: ClassVar = {"bias": 0.1, "recurrent_weight": 1e-30}


def updated(cls, updates=1, **choices):
    """A module after so many updates on random sequences."""
    module = cls(replace(TINY, **choices), EasyTask())
    optimizer = module.configure_optimizers()
    draw = torch.Generator().manual_seed(1)
    for _ in range(updates):
        inputs = torch.randn(MEMBERS, TINY.steps, 7, TINY.inputs, generator=draw)
        module.update(optimizer, inputs, inputs[:, -TINY.scored :, :, : TINY.outputs])
    return module


def test_what_follows_a_step_holds_after_each():
    bounded, free = (updated(cls).layers[0].recurrent_weight.detach().abs().max().item() for cls in (Bounded, Tanh))
    assert bounded == pytest.approx(0.1)
    assert free > 0.2


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop", "nadam"])
def test_a_parameter_moves_at_its_share_of_the_rate(optimizer):
    slow, whole = updated(Slow, optimizer=optimizer), updated(Tanh, optimizer=optimizer)
    tenth = updated(Tanh, optimizer=optimizer, learning_rates=tuple(0.1 * rate for rate in TINY.learning_rates))
    start = updated(Tanh, 0)
    for name, parameter in slow.named_parameters():
        like = {"bias": tenth, "recurrent_weight": start}.get(name.rpartition(".")[-1], whole)
        torch.testing.assert_close(parameter, like.get_parameter(name), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("task", "lag"), [("adding", 7), ("copy", 3)])
def test_a_technique_knows_how_long_its_sequences_are(task, lag):
    study = resolve(load_preset("smoke"), Selectors(techniques=("tanh",), tasks=(task,), lags=(lag,)))
    blueprint = build(study.settings[0], (Member(seed=1, learning_rate=0.1),)).blueprint
    assert (blueprint.lag, blueprint.steps) == (lag, tasks.get(task)().steps(lag))
