"""Papers as plugins of one file each: they keep the contract, train, and compute what the papers say."""

import cmath
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
STATES = {"leaky-units": {"h"}, "ugrnn": {"h"}, "lru": {"h"}}
STEPS, BATCH = 9, 2


@pytest.fixture
def plugin(monkeypatch, tmp_path):
    """A plugin's class by its name, registered until the test ends; two are examples of the guide."""
    monkeypatch.setattr(techniques, "_found", techniques.all())

    def load(name):
        file = PLUGINS / f"{name.replace('-', '_')}.py"
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


DECLARED = {"leaky-units": {"recurrent_weight"}, "ugrnn": {"recurrent_weight"}, "lru": set()}


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


def test_lru_is_the_papers_step_by_step(plugin):
    layer, x = built(plugin("lru"))
    H = layer.hidden
    lambdas = [
        cmath.exp(-math.exp(nu) + 1j * math.exp(theta))
        for nu, theta in zip(rows(layer.nu), rows(layer.theta), strict=True)
    ]
    B, C = ([[complex(*pair) for pair in zip(row[:H], row[H:], strict=True)] for row in rows(w)]
            for w in (layer.input_weight, layer.output_weight))  # fmt: skip
    D, gammas = rows(layer.skip_weight), rows(layer.gamma)
    outputs, (last,) = layer(x)
    for sequence in range(BATCH):
        h = [0j] * H
        for t in range(STEPS):
            u = x[0, t, sequence].tolist()
            h = [a * s + math.exp(g) * d for a, s, g, d in zip(lambdas, h, gammas, product(u, B), strict=True)]
            y = [(c.real + d) for c, d in zip(product(h, C), product(u, D), strict=True)]
            assert outputs[0, t, sequence].tolist() == pytest.approx(y, rel=1e-12, abs=1e-13)
        assert last[0, sequence].tolist() == pytest.approx(h, rel=1e-12)


def test_lru_starts_on_its_ring_with_states_of_the_inputs_size(plugin):
    layer, _ = built(plugin("lru"), least=0.5)
    radius = layer.factors.abs()
    assert (radius > 0.5).all()
    assert (radius < 1).all()
    torch.testing.assert_close(layer.gamma.exp().square() + radius[:, 0].square(), torch.ones(1, layer.hidden).double())


def test_the_scan_of_lru_has_the_gradients_of_its_step(plugin):
    layer, x = built(plugin("lru"))
    found = []
    for unroll in (layer.unroll, layer.loop):
        states, _ = unroll(layer.drive(x), layer.start(x))
        found.append(torch.autograd.grad(layer.read(states, x).square().sum(), list(layer.parameters())))
    for fast, reference in zip(*found, strict=True):
        torch.testing.assert_close(fast, reference, rtol=1e-10, atol=1e-12)
