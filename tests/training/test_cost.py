"""The cost ledger against closed forms."""

import json

import pytest
import torch

from bench.protocol.preset import Selectors, load_preset, resolve
from bench.records.result import COSTS, typed
from bench.training.cost import Timing, count_flops, measure_cost, peak_bytes, pooled

STEPS, BATCH, HIDDEN, INPUTS = 12, 4, 8, 2


def setting(technique, **words):
    sizes = {"lags": (STEPS,), "batch_size": BATCH, "hidden_size": HIDDEN}
    chosen = Selectors(techniques=(technique,), tasks=("adding",), **sizes, **words)
    return resolve(load_preset("smoke"), chosen).settings[0]


@pytest.mark.parametrize(
    ("technique", "gates"), [("tanh", 1), ("relu", 1), ("residual-time", 1), ("gru", 3), ("lstm", 4)]
)
def test_flops_are_those_of_the_products(technique, gates):
    width = gates * HIDDEN
    inputs = 2 * STEPS * INPUTS * width  # forward; its weight's gradient as much again
    recurrent = 2 * STEPS * HIDDEN * width
    readout = 2 * HIDDEN
    expected = 2 * inputs + 3 * recurrent + 3 * readout
    slack = 2 * recurrent / STEPS  # what a recurrence may save, or spend, on the first step's state of zeros
    assert count_flops(setting(technique)) / BATCH == pytest.approx(expected, abs=slack)


def test_flops_of_attention_are_those_of_the_products():
    width, blocks = HIDDEN, 2
    maps = 2 * STEPS * width * (3 + 1 + 4 + 4) * width * blocks  # forward; each gradient as much again
    attention = 2 * STEPS * STEPS * width * blocks  # a product; two forward and five backward
    embedding = 2 * STEPS * INPUTS * width
    expected = 3 * maps + 7 * attention + 2 * embedding + 3 * 2 * HIDDEN
    assert count_flops(setting("transformer")) / BATCH == pytest.approx(expected)


def test_a_shorter_window_costs_fewer_flops():
    flops = [count_flops(setting(f"tbptt:window={window}")) for window in (2, 6)] + [count_flops(setting("tanh"))]
    assert flops == sorted(flops)
    assert flops[0] < flops[-1]


def test_peak_counts_what_lives_at_once():
    def update():
        kept = torch.zeros(1000)
        for _ in range(5):
            kept = kept + torch.ones(1000)  # two new ones at a time

    assert peak_bytes(update) == 3 * 4000


def test_views_and_in_place_operations_allocate_nothing():
    kept = torch.zeros(1000)
    assert peak_bytes(lambda: kept.view(10, 100)[1:3].add_(1)) == 0


def test_a_row_of_the_ledger_is_complete():
    row = measure_cost(setting("lstm"), setting("tanh"))
    table = typed([row], COSTS)
    assert table.notna().all(axis=None)
    assert 0 < row["time_ratio_low"] <= row["time_ratio"] <= row["time_ratio_high"]
    assert row["parameters"] == 4 * HIDDEN * (INPUTS + HIDDEN + 1) + HIDDEN + 1


def test_where_parameters_are_matched_so_is_the_size_that_costs():
    row = measure_cost(setting("lstm", match="parameters"), setting("tanh", match="parameters"))
    assert 0 < row["hidden_size"] < HIDDEN
    assert row["parameters"] < 1.5 * measure_cost(setting("tanh"), setting("tanh"))["parameters"]
    assert row["steps"] == STEPS


def test_processes_timings_are_pooled_as_medians_and_quartiles():
    row = pooled([Timing(ratio, 10 * ratio) for ratio in (1.0, 1.4, 1.1, 1.3, 1.2)])
    assert row["time_ratio"] == 1.2
    assert row["milliseconds"] == 12
    assert (row["time_ratio_low"], row["time_ratio_high"]) == pytest.approx((1.1, 1.3))
    assert json.loads(row["round_ratios"]) == [1.0, 1.4, 1.1, 1.3, 1.2]
    assert row["rounds"] == 5
