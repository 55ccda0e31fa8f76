"""Two papers as plugins of one file each: they keep the contract, train, and compute what the papers say."""

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bench.protocol.preset import Selectors, load_preset, resolve
from bench.registry import load_plugin
from bench.techniques import techniques
from bench.techniques.contract import TINY, EasyTask
from bench.testing import check_technique
from bench.training.cohort import train_cohort

PLUGINS = Path(__file__).parent / "plugins"
CONTRIBUTING = Path(__file__).parents[2] / "CONTRIBUTING.md"
STATES = {"indrnn": {"h"}, "cornn": {"y", "z"}}
STEPS, BATCH = 9, 2


@pytest.fixture
def plugin(monkeypatch, tmp_path):
    """A plugin's class by its name, registered until the test ends; IndRNN is the guide's example."""
    monkeypatch.setattr(techniques, "_found", techniques.all())

    def load(name):
        file = PLUGINS / f"{name}.py"
        if not file.exists():
            file = tmp_path / file.name
            pattern = rf"<!-- file: {file.name} -->\n```python\n(.*?)```"
            file.write_text(re.search(pattern, CONTRIBUTING.read_text(encoding="utf-8"), re.DOTALL)[1])
        load_plugin(file, [techniques])
        return techniques.get(name)

    return load


@pytest.mark.parametrize("name", STATES)
def test_a_plugin_keeps_the_contract(name, plugin):
    check_technique(plugin(name))


@pytest.mark.parametrize("name", STATES)
def test_a_plugin_trains_and_its_states_are_followed(name, plugin):
    plugin(name)
    words = Selectors(
        techniques=(name,), tasks=("adding",), lags=(20,), seeds=2, learning_rates=(0.003,), updates=6
    )  # fmt: skip
    study = resolve(load_preset("smoke"), words)
    result = train_cohort(study.measured_cohort(study.settings[0], 0.003))
    assert result.members["outcome"].tolist() == ["unsolved"] * 2
    losses = result.curves.query("update > 0")["train_loss"]
    assert losses.notna().all()
    lowest = result.probes.query("layer == 0")
    assert set(lowest["quantity"]) == STATES[name] | {"x"}
    assert (lowest["last_lag"] >= 18).all(), "gradients go all the way back"


DECLARED = {"indrnn": {"unit_weight"}, "cornn": {"recurrent_weight", "velocity_weight"}}


@pytest.mark.parametrize("name", DECLARED)
def test_the_protocols_gain_scales_what_the_cell_declares_and_nothing_else(name, plugin):
    plain, scaled = (plugin(name)(replace(TINY, recurrent_gain=gain), EasyTask()) for gain in (1.0, 3.0))
    for key, weight in plain.named_parameters():
        gain = 3.0 if key.rpartition(".")[-1] in DECLARED[name] else 1.0
        torch.testing.assert_close(scaled.get_parameter(key), gain * weight, rtol=1e-6, atol=0)


def one_member(cls, **dials):
    """A technique with one member, in double precision."""
    return cls(replace(TINY, seeds=(1,), learning_rates=(0.01,), dials=dials), EasyTask()).double()


def sequences():
    """Inputs (1, T, B, I)."""
    draw = torch.Generator().manual_seed(1)
    return torch.randn(1, STEPS, BATCH, TINY.inputs, generator=draw, dtype=torch.float64)


def built(cls, **dials):
    """A technique's layer, and sequences for it."""
    return one_member(cls, **dials).layers[0], sequences()


def rows(weight):
    """One member's matrix as lists."""
    return weight.detach()[0].tolist()


def product(vector, matrix):
    return [sum(v * row[j] for v, row in zip(vector, matrix, strict=True)) for j in range(len(matrix[0]))]


def test_cornn_is_the_papers_step_by_step(plugin):
    layer, x = built(plugin("cornn"), time_step=0.2, gamma=2.0, epsilon=0.7)
    layer.bias.data.normal_(generator=torch.Generator().manual_seed(2))
    V, W, Z, b = rows(layer.input_weight), rows(layer.recurrent_weight), rows(layer.velocity_weight), rows(layer.bias)
    outputs, (last_y, last_z) = layer(x)
    for sequence in range(BATCH):
        y, z = [0.0] * layer.hidden, [0.0] * layer.hidden
        for t in range(STEPS):
            parts = product(y, W), product(z, Z), product(x[0, t, sequence].tolist(), V), b
            force = [math.tanh(sum(of_unit)) for of_unit in zip(*parts, strict=True)]
            z = [zi + 0.2 * f - 0.2 * 2.0 * yi - 0.2 * 0.7 * zi for zi, f, yi in zip(z, force, y, strict=True)]
            y = [yi + 0.2 * zi for yi, zi in zip(y, z, strict=True)]
            assert outputs[0, t, sequence].tolist() == pytest.approx(y, rel=1e-12, abs=1e-14)
        assert last_y[0, sequence].tolist() == pytest.approx(y, rel=1e-12, abs=1e-14)
        assert last_z[0, sequence].tolist() == pytest.approx(z, rel=1e-12, abs=1e-14)
