"""What a technique may do beside its recurrence: act after a step, move some parameters slower, know the length."""

from dataclasses import replace
from typing import ClassVar

import pytest
import torch

from bench.engine.native import library
from bench.engine.stack import RECORDED
from bench.protocol.preset import Selectors, load_preset, resolve
from bench.records.settings import Member
from bench.tasks import tasks
from bench.techniques.base import Dial
from bench.techniques.contract import TINY, EasyTask
from bench.techniques.tanh import Tanh
from bench.techniques.tanh_network import TanhNetwork
from bench.training.cohort import build
from bench.training.flow import Probe

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


class Calm(Tanh):
    """States are to stay small: a penalty that is followed through all steps."""

    strength = Dial(0.3)

    def penalty(self, trajectories):
        (way,) = trajectories
        return self.strength * way.states["h"].square().sum(-1).mean((1, 2))


class Still(Calm):
    """A penalty that is none after all."""

    def penalty(self, trajectories):
        return None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("share", [1.0, 0.3], ids=["together", "in turns"])
def test_a_penaltys_gradient_enters_training_and_its_value_no_report(dtype, share):
    module, bare = (cls(TINY, EasyTask()).to(dtype) for cls in (Calm, Tanh))
    inputs = torch.randn(MEMBERS, TINY.steps, 7, TINY.inputs, generator=torch.Generator().manual_seed(1)).to(dtype)
    targets = inputs[:, -TINY.scored :, :, : TINY.outputs]
    module.budget = share * MEMBERS * 7 * module.bytes_each(TINY.steps, dtype)
    losses = module.accumulate(inputs, targets)
    states, _ = bare.body(inputs)
    wanted = bare.task.loss(bare.readout(states[:, -TINY.scored :]), targets)
    (wanted + 0.3 * states.square().sum(-1).mean((1, 2))).sum().backward()
    close = {"rtol": 1e-4, "atol": 1e-5} if dtype == torch.float32 else {"rtol": 1e-10, "atol": 1e-12}
    torch.testing.assert_close(losses, wanted.detach(), **close)
    for own, other in zip(module.parameters(), bare.parameters(), strict=True):
        torch.testing.assert_close(own.grad, other.grad, **close)


def test_a_technique_with_a_penalty_counts_the_memory_of_every_state():
    penalised, bare = (cls(TINY, EasyTask()) for cls in (Calm, Tanh))
    assert penalised.bytes_each(1, torch.float64) == bare.bytes_each(1, torch.float64) + 8 * RECORDED * bare.state_each
    if library() is not None:
        assert penalised.bytes_each(1, torch.float32) > bare.bytes_each(1, torch.float32)


def test_a_penalty_of_none_adds_nothing():
    for own, other in zip(updated(Still).parameters(), updated(Tanh).parameters(), strict=True):
        torch.testing.assert_close(own, other, rtol=1e-4, atol=1e-6)


def test_a_probe_follows_the_tasks_loss_without_the_penalty():
    inputs = torch.randn(TINY.steps, 3, TINY.inputs, generator=torch.Generator().manual_seed(1))
    targets = inputs[-TINY.scored :, :, : TINY.outputs]
    own, other = (Probe(cls(TINY, EasyTask()), [0, 1], inputs, targets).profiles for cls in (Calm, Tanh))
    assert set(own) == set(other)
    for key, norms in own.items():
        torch.testing.assert_close(norms, other[key])


class Declared(TanhNetwork):
    """An optimiser and a start of its own."""

    optimizer = "sgd"
    initialisation = "orthogonal"


def test_what_is_declared_takes_the_place_of_the_protocols():
    module = Declared(replace(TINY, optimizer="rmsprop", recurrent_gain=3.0), EasyTask())
    assert isinstance(module.configure_optimizers(), torch.optim.SGD)
    for weight in module.layers[0].recurrent_weight.detach():
        torch.testing.assert_close(weight @ weight.mT, torch.eye(TINY.hidden_size), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("task", "lag"), [("adding", 7), ("copy", 3)])
def test_a_technique_knows_how_long_its_sequences_are(task, lag):
    study = resolve(load_preset("smoke"), Selectors(techniques=("tanh",), tasks=(task,), lags=(lag,)))
    blueprint = build(study.settings[0], (Member(seed=1, learning_rate=0.1),)).blueprint
    assert (blueprint.lag, blueprint.steps) == (lag, tasks.get(task)().steps(lag))
