"""Confirming on fresh sequences, with networks whose true accuracy is known."""

import numpy as np
import pytest
import torch
from scipy.stats import binom

from bench.protocol.preset import Selectors, load_preset, resolve
from bench.tasks import tasks
from bench.training.confirmation import SETS, Confirmation
from bench.training.data import held_out

HELD_OUT = 64


class Hovering:
    """Answers each sequence correctly with the same probability, whatever it is."""

    device = torch.device("cpu")
    rows = torch.tensor([0, 1, 1])

    def __init__(self, accuracy):
        self.accuracy, self.draws, self.seen = accuracy, np.random.default_rng(0), []

    def evaluate(self, inputs, targets, members):
        assert members.tolist() == [2]
        assert inputs.shape[0] == 2, "one row of sequences a seed"
        self.seen.append(inputs[self.rows[2]].clone())
        share = self.draws.binomial(inputs.shape[2], self.accuracy) / inputs.shape[2]
        return torch.zeros(1), torch.tensor([share], dtype=torch.float64)


def confirmation(task="temporal-order", lag=20):
    chosen = Selectors(techniques=("tanh",), tasks=(task,), lags=(lag,), seeds=2, held_out_size=HELD_OUT)
    study = resolve(load_preset("smoke"), chosen)
    return Confirmation(study.measured_cohort(study.settings[0], 0.01), tasks.get(task)(), "test")


@pytest.mark.parametrize("accuracy", [0.97, 0.985, 0.99, 0.999])
def test_a_network_is_confirmed_as_often_as_the_binomial_law_says(accuracy):
    count, attempts = SETS * HELD_OUT, 400
    checked, module = confirmation(), Hovering(accuracy)
    passed = sum(checked.passes(module, 2, seed=1, update=update) for update in range(attempts))
    chance = binom.sf(np.ceil(0.99 * count) - 1, count, accuracy)
    assert passed / attempts == pytest.approx(chance, abs=4 * np.sqrt(0.25 / attempts))
    if accuracy == 0.97:
        assert passed / attempts < 0.02


def test_what_cannot_pass_any_more_is_not_looked_at_further():
    module = Hovering(0.5)
    assert not confirmation().passes(module, 2, seed=1, update=50)
    assert len(module.seen) == 1


def test_each_attempt_and_each_seed_has_sequences_of_its_own_and_none_is_held_out():
    module, checked = Hovering(1.0), confirmation()
    for seed, update in ((1, 50), (1, 100), (2, 50), (1, 50)):
        assert checked.passes(module, 2, seed=seed, update=update)
    sets = [torch.stack(module.seen[SETS * n : SETS * (n + 1)]) for n in range(4)]
    assert torch.equal(sets[0], sets[3])
    drawn = {tuple(column.flatten().tolist()) for some in sets[:3] for each in some for column in each.unbind(1)}
    assert len(drawn) > 0.99 * 3 * SETS * HELD_OUT
    fixed, _ = held_out(tasks.get("temporal-order")(), 20, "test", HELD_OUT, [1])
    assert not any(tuple(column.flatten().tolist()) in drawn for column in fixed[0].unbind(1))


def test_finite_data_have_nothing_to_confirm_on():
    module = Hovering(0.0)
    assert confirmation("digits", 2).passes(module, 2, seed=1, update=50)
    assert not module.seen
