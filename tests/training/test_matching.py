"""Sizes matched by parameters, state or operations, against closed forms of the cells' own numbers."""

import pytest

from bench.protocol.preset import Selectors, load_preset, resolve
from bench.techniques import techniques
from bench.training.cohort import build
from bench.training.cost import count_flops
from bench.training.matching import _crossing, hidden_size

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


@pytest.mark.parametrize("match", ["parameters", "flops"])
def test_sizes_that_a_technique_declines_are_not_taken(match):
    (setting,) = study("transformer", match=match).settings
    assert hidden_size(setting) % 4 == 0


@pytest.mark.parametrize(
    ("name", "size"), [("tanh", 64), ("gru", 64), ("lstm", 32), ("deep-tanh", 21), ("indrnn", 32), ("transformer", 16)]
)
def test_where_the_state_is_matched_every_carried_number_counts(name, size):
    """Of h alone, h and c, three layers' h, two layers' h, and the keys and values of two blocks a step."""
    (setting,) = study(name, match="state").settings
    assert hidden_size(setting) == size


@pytest.mark.parametrize("name", ["lstm", "gru", "mgu"])
def test_where_operations_are_matched_the_size_is_the_nearest_in_operations(name):
    """Of products alone: two of the inputs and three of the states an update, and three of the readout."""

    def products(gates, units):
        return 2 * (20 * gates * units * (2 * INPUTS + 3 * units) + 3 * units * OUTPUTS)

    (setting,) = study(name, match="flops").settings
    (baseline,) = study("tanh", match="flops").settings
    wanted = products(1, UNITS)
    best = min(range(1, 200), key=lambda units: abs(products(GATES.get(name, 3), units) - wanted))
    assert hidden_size(baseline) == UNITS
    assert hidden_size(setting) == pytest.approx(best, abs=1)  # the first step's state of zeros may cost nothing
    assert count_flops(setting) == pytest.approx(count_flops(baseline), rel=0.05)


def test_a_shorter_window_leaves_operations_for_more_units():
    (short,) = study("tbptt:window=5", match="flops").settings
    (long,) = study("tbptt:window=19", match="flops").settings
    assert hidden_size(short) > hidden_size(long) >= UNITS


def test_what_does_not_grow_with_the_size_leaves_it():
    assert _crossing(lambda size: 7.0, 8.0, UNITS) == (UNITS, UNITS)
    low, high = _crossing(lambda size: float(size) ** 3, 1000.5, UNITS)
    assert (low, high) == (10, 11)


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
