"""Probes of techniques as they train."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from bench.engine.layer import Layer
from bench.engine.lstm import LSTM
from bench.engine.seeding import generator
from bench.protocol.preset import Selectors, load_preset, resolve
from bench.techniques import techniques
from bench.techniques.base import Technique
from bench.training import cohort as training
from bench.training.cohort import build, train_cohort
from bench.training.flow import FlowRecorder, Probe


def cohort(technique: str, **choices):
    words = {"tasks": ("adding",), "lags": (20,), "seeds": 2, "learning_rates": (0.01,), "updates": 12}
    study = resolve(load_preset("smoke"), Selectors(techniques=(technique,), **words | choices))
    return study.measured_cohort(study.settings[0], 0.01)


def recorder(what) -> FlowRecorder:
    return FlowRecorder(what, training.tasks.get(what.setting.task)())


@pytest.mark.parametrize("technique", sorted(techniques.all()))
def test_every_technique_is_probed_at_start_in_training_and_at_the_end(technique):
    result = train_cohort(cohort(technique))
    probes = result.probes
    assert sorted(probes["moment"].unique()) == ["during", "end", "start"]
    assert set(probes["seed"]) == {1, 2}
    assert {"x"} <= set(probes["quantity"])
    profile = result.gradients.query("seed == 1 and quantity == 'x' and moment == 'start'")
    assert profile["step"].tolist() == list(range(1, 21))
    assert (profile["step"] + profile["lag_back"] == 20).all()


def test_the_input_gradient_is_autograds():
    what = cohort("gru")
    module, flow = build(what.setting, what.members), recorder(what)
    probe = Probe(module, [0, 1], flow.inputs, flow.targets)
    module = module.double()
    inputs = flow.inputs.double().expand(2, *flow.inputs.shape).clone().requires_grad_()
    losses = module.task.loss(module(inputs), flow.targets.double().expand(2, *flow.targets.shape))
    (gradient,) = torch.autograd.grad(losses.sum(), inputs)
    expected = gradient.transpose(1, 2).flatten(3).permute(0, 2, 1, 3).flatten(2).norm(dim=2).log()
    torch.testing.assert_close(probe.profiles["x", 0], expected)


def test_probing_leaves_no_trace_in_training(monkeypatch):
    what = cohort("lstm")
    probed = train_cohort(what)
    monkeypatch.setattr(FlowRecorder, "take", lambda *_: None)
    bare = train_cohort(what)
    assert probed.curves.equals(bare.curves)
    assert bare.probes.empty
    assert not probed.probes.empty


def test_truncation_cuts_the_gradient_at_its_window():
    what = cohort("tbptt:window=5")
    h = train_cohort(what).probes.query("quantity == 'h' and moment == 'start'")
    assert (h["last_lag"] == 4).all()
    assert (h["reach"] <= 4).all()
    assert h["cosine"].between(-1, 1).all()
    assert (h["cosine"] < 1).all()
    full = train_cohort(cohort("tanh")).probes.query("quantity == 'h' and moment == 'start'")
    assert (full["last_lag"] == 19).all()
    assert (full[["kept", "cosine"]] == 1).all(axis=None)


def test_dead_units_are_counted():
    what = cohort("relu")
    module, flow = build(what.setting, what.members), recorder(what)
    module.layers[0].bias.data.fill_(100.0)
    module.layers[0].bias.data[1, :3] = -1e4
    probe = Probe(module, [0, 1], flow.inputs, flow.targets)
    assert probe.dead[0].tolist() == [0.0, 3 / what.setting.protocol.hidden_size]


class Encoder(Layer):
    """relu(x A): it has no steps."""

    state_size = 0

    def __init__(self, members, inputs, hidden):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(members, inputs, hidden))

    @torch.no_grad()
    def reset(self, member, generator, scheme):
        self.weight[member].normal_(generator=generator("weight"))

    def forward(self, x, state=None):
        return torch.relu(torch.einsum("etbi,eih->etbh", x, self.weight)), ()


class Encoded(Technique):
    """An encoder below the recurrence."""

    name = "encoded"
    title = "Encoded"
    family = "gated"
    changes = "what the cell reads"
    reference = "an example"

    def cell(self, members, inputs, hidden):
        return LSTM(members, inputs, hidden, 1.0)

    def layers_of(self, members, inputs, hidden):
        return [Encoder(members, inputs, hidden), self.cell(members, hidden, hidden)]


def test_layers_without_steps_do_not_count(monkeypatch):
    monkeypatch.setattr(techniques, "_found", techniques.all() | {"encoded": Encoded})
    probes = train_cohort(cohort("encoded")).probes
    assert set(zip(probes["quantity"], probes["layer"], strict=True)) == {("x", 0), ("h", 0), ("c", 0), ("cell", 0)}
    assert probes.query("quantity == 'h'")[["decay", "dead_share", "kept", "cosine"]].notna().all(axis=None)


def test_columns_choose_members():
    what = cohort("tanh", seeds=3)
    module, flow = build(what.setting, what.members), recorder(what)
    one, all_ = (Probe(module, columns, flow.inputs, flow.targets).profiles["h", 0] for columns in ([2], [0, 1, 2]))
    torch.testing.assert_close(one[0], all_[2])


def test_without_a_budget_members_are_probed_and_not_trained():
    result = train_cohort(cohort("lstm", updates=0))
    assert result.members["outcome"].tolist() == ["untrained"] * 2
    assert set(result.probes["moment"]) == {"start"}
    assert set(result.probes["quantity"]) == {"h", "c", "x", "cell"}
    assert result.curves["update"].tolist() == [0, 0]


def test_tuning_members_are_not_probed():
    study = resolve(load_preset("smoke"), Selectors(techniques=("tanh",), tasks=("adding",), updates=3))
    tuning = study.tuning_cohort(study.settings[0])
    assert tuning is not None
    assert train_cohort(tuning).probes.empty


def test_long_profiles_are_thinned_and_fitted_whole():
    what = cohort("tanh", lags=(600,), updates=0)
    result = train_cohort(what)
    profile = result.gradients.query("seed == 1 and quantity == 'h'")
    assert len(profile) == 128
    assert profile["step"].min() == 1
    assert profile["step"].max() == 600
    fit = result.probes.query("seed == 1 and quantity == 'h'").iloc[0]
    assert fit["last_lag"] == 599
    slope = np.polyfit(profile["lag_back"], profile["log_norm"], 1)[0]
    assert fit["decay"] == pytest.approx(slope, rel=0.01)
    assert profile["log_norm"].min() < math.log(1e-45), "below single precision"


def test_where_every_step_is_scored_the_last_ones_gradient_is_followed():
    """The norm of ∂L_T/∂h_t, of the loss at the last step T alone, by autograd through the steps."""
    what = cohort("tanh", tasks=("parity",), lags=(9,))
    module, task, taker = build(what.setting, what.members), training.tasks.get("parity")(), recorder(what)
    taker.take(module, [0, 1], [0, 1], 0, "start")
    found = taker.tables()["gradients"].query("quantity == 'h' and layer == 0")
    inputs, targets = task.sample(generator("parity", 9, "probe"), 16, 9, "test")
    twin = build(what.setting, what.members).double()
    (layer,) = twin.layers
    states = []
    for drive in layer.drive(inputs.double().expand(2, *inputs.shape)).unbind(1):
        states.append(layer.step(drive, (states[-1],) if states else layer.start(drive.unsqueeze(1)))[0])
    losses = task.loss(twin.readout(states[-1].unsqueeze(1)), targets[-1:].expand(2, 1, 16))
    for place, member in enumerate(what.members):
        gradients = torch.autograd.grad(losses[place], states, retain_graph=True)
        norms = [gradient.norm().log().item() for gradient in gradients]
        assert found[found["seed"] == member.seed]["log_norm"].tolist() == pytest.approx(norms, rel=1e-9)
