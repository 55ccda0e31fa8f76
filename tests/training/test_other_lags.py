"""Length generalisation, on networks whose accuracy at each length is known."""

import json
from types import SimpleNamespace

import pytest
import torch

from bench.errors import BenchError
from bench.protocol.preset import Selectors, load_preset, resolve
from bench.tasks import tasks
from bench.training.cohort import train_cohort
from bench.training.data import held_out
from bench.training.other_lags import OtherLags


def cohort(task="parity", lag=12, **protocol):
    words = {"techniques": ("tanh",), "tasks": (task,), "lags": (lag,), "seeds": 2, "learning_rates": (0.01,)}
    study = resolve(load_preset("smoke"), Selectors(**words, protocol={"test_lags": (0.1, 1, 2, 2.5), **protocol}))
    return study.measured_cohort(study.settings[0], 0.01)


class Exact:
    """Gives the number of steps that it is shown as its metric, and keeps what it was shown."""

    device, rows = torch.device("cpu"), torch.tensor([0, 1])

    def __init__(self):
        self.blueprint, self.shown = SimpleNamespace(scored=12), []

    def evaluate(self, inputs, targets, members):
        self.shown.append((inputs[1], targets[1]))
        return torch.zeros(1), torch.tensor([float(inputs.shape[1])])


@pytest.fixture
def exact(monkeypatch):
    monkeypatch.setattr("bench.training.other_lags.replace", lambda blueprint, scored: SimpleNamespace(scored=scored))
    return Exact()


def test_a_member_is_tested_at_every_multiple_that_its_task_has(exact):
    what = cohort()
    assert OtherLags(what, tasks.get("parity")()).metrics(exact, 1, seed=2) == {1: 1.0, 12: 12.0, 24: 24.0, 30: 30.0}
    assert exact.blueprint.scored == 12, "the network is as it was"
    assert [len(targets) for _, targets in exact.shown] == [1, 12, 24, 30]


def test_at_the_trained_lag_it_sees_the_seeds_own_test_sequences(exact):
    what = cohort(held_out_size=7)
    OtherLags(what, tasks.get("parity")()).metrics(exact, 1, seed=2)
    inputs, targets = held_out(tasks.get("parity")(), 12, "test", 7, [2])
    assert torch.equal(exact.shown[1][0], inputs[0])
    assert torch.equal(exact.shown[1][1], targets[0])


def test_lags_below_the_tasks_least_are_left_out():
    assert OtherLags(cohort("temporal-order", 20), tasks.get("temporal-order")()).lags == [20, 40, 50]


def test_only_runs_that_solved_their_task_are_tested():
    result = train_cohort(cohort(lag=2, updates=400, evaluate_every=50, hidden_size=16, batch_size=16))
    solved = result.members["outcome"] == "solved"
    assert solved.any()
    for metrics, yes in zip(result.members["test_metrics"].map(json.loads), solved, strict=True):
        assert set(metrics) == ({"2", "4", "5"} if yes else set())
    assert (result.members[solved]["test_metrics"].map(lambda text: json.loads(text)["2"]) >= 0.99).all()
    short = train_cohort(cohort(lag=12, updates=2))
    assert short.members["test_metrics"].tolist() == ["{}", "{}"]


def test_other_lags_are_positive():
    with pytest.raises(BenchError, match=r"Test lags must be positive numbers, not 0, 2\."):
        cohort(test_lags=(0, 2))


def test_without_multiples_nothing_is_tested():
    what = cohort(test_lags=())
    assert OtherLags(what, tasks.get("parity")()).lags == []
