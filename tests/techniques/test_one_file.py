"""The guide's plugins of one file each: they keep the contract and train."""

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

CONTRIBUTING = Path(__file__).parents[2] / "CONTRIBUTING.md"
STATES = {"leaky-units": {"h"}, "ugrnn": {"h"}}


@pytest.fixture
def plugin(monkeypatch, tmp_path):
    """A plugin's class by its name, registered until the test ends: an example of the guide."""
    monkeypatch.setattr(techniques, "_found", techniques.all())

    def load(name):
        file = tmp_path / f"{name.replace('-', '_')}.py"
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


DECLARED = {"leaky-units": {"recurrent_weight"}, "ugrnn": {"recurrent_weight"}}


@pytest.mark.parametrize("name", DECLARED)
def test_the_protocols_gain_scales_what_the_cell_declares_and_nothing_else(name, plugin):
    plain, scaled = (plugin(name)(replace(TINY, recurrent_gain=gain), EasyTask()) for gain in (1.0, 3.0))
    for key, weight in plain.named_parameters():
        gain = 3.0 if key.rpartition(".")[-1] in DECLARED[name] else 1.0
        torch.testing.assert_close(scaled.get_parameter(key), gain * weight, rtol=1e-6, atol=0)
