"""Sizes matched by parameters, against the cells' own numbers of parameters in closed form."""

import pytest

from bench.protocol.preset import Selectors, load_preset, resolve
from bench.techniques import techniques
from bench.training.cohort import build
from bench.training.matching import hidden_size

UNITS, INPUTS, OUTPUTS = 64, 2, 1
GATES = {"tanh": 1, "lstm": 4, "lstm-no-forget": 3, "mgu": 2, "residual-time": 1}


def study(*names, units=UNITS, match="parameters"):
    words = {"techniques": names, "tasks": ("adding",), "lags": (20,), "seeds": 1, "hidden_size": units}
    return resolve(load_preset("smoke"), Selectors(**words, protocol={"match": match}))


def count(gates, units):
    return gates * units * (INPUTS + units + 1) + OUTPUTS * (units + 1)


@pytest.mark.parametrize("name", GATES)
def test_the_size_is_the_one_nearest_to_the_baselines_parameters(name):
    (setting,) = study(name).settings
    wanted = count(1, UNITS)
    best = min(range(1, 200), key=lambda units: abs(count(GATES[name], units) - wanted))
    assert hidden_size(setting) == best
    module = build(setting, study(name).measured_cohort(setting, 0.01).members)
    assert module.parameters_each == count(GATES[name], best)
    assert module.blueprint.hidden_size == best


def test_a_technique_with_fewer_parameters_gets_more_units():
    (setting,) = study("mingru").settings
    size = hidden_size(setting)
    assert size > 9 * UNITS
    assert 2 * size * (INPUTS + 1) + size + 1 == pytest.approx(count(1, UNITS), rel=0.01)


def test_sizes_that_a_technique_declines_are_not_taken():
    (setting,) = study("transformer").settings
    assert hidden_size(setting) % 4 == 0


def test_a_technique_that_declines_the_baselines_size_alone_is_not_skipped():
    assert study("transformer", units=65).settings
    assert study("transformer", units=65, match="units").skips


@pytest.mark.parametrize("name", sorted(techniques.all().keys() - {"transformer"}))  # which comes in steps of 4 units
def test_every_technique_has_about_as_many_parameters_as_the_baseline(name):
    for setting in study(name, units=32).settings:
        module = build(setting, study(name, units=32).measured_cohort(setting, 0.01).members)
        assert module.parameters_each == pytest.approx(count(1, 32), rel=0.35)


def test_units_are_the_protocols_where_they_are_matched():
    (setting,) = study("lstm", match="units").settings
    assert hidden_size(setting) == UNITS
