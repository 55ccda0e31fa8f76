"""Whole runs in processes of their own, on a small study."""

import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from bench.errors import BenchError
from bench.execution import Budget, account, make_plan, run_studies
from bench.protocol.ladder import FEW
from bench.protocol.preset import Selectors, load_preset, resolve
from bench.registry import load_plugin
from bench.tasks import tasks
from bench.techniques import techniques
from bench.tracking import Store

RESULTS = ["technique", "task", "lag", "seed", "learning_rate", "role", "outcome", "updates", "metric", "loss"]


def study(*names, **choices):
    words = {"tasks": ("adding",), "lags": (2, 4), "updates": 60, "learning_rates": (0.03, 0.01), "seeds": 2}
    return resolve(load_preset("smoke"), Selectors(techniques=names, **words | choices))


def results(store):
    rows = store.members()[RESULTS]
    return rows.sort_values(RESULTS[:6]).reset_index(drop=True)


def test_a_run_trains_what_is_missing_and_a_second_one_nothing(store):
    wanted = study("tanh", "gru")
    first = run_studies([wanted], store, jobs=2)
    members = store.members()
    assert first.trained == len(members)
    assert (first.cached, first.failures, first.interrupted) == (0, [], False)
    assert set(store.costs()["technique"]) == {"tanh", "gru"}
    assert [s.key for s in store.studies()] == [wanted.key]
    again = run_studies([wanted], store, jobs=2)
    assert again.trained == 0
    assert len(store.members()) == len(members)
    plan = make_plan([wanted], members, jobs=2)
    assert (plan.settings, plan.members) == (4, 16)
    assert again.cached == plan.cached == len(members)


def test_the_ladder_spares_what_is_out_of_reach(store):
    hopeless = study("sigmoid", lags=(30, 40), updates=3)
    summary = run_studies([hopeless], store, jobs=1)
    assert set(store.members()["lag"]) == {30}
    assert summary.trained == 4


def test_more_seeds_train_only_the_new_members(store):
    run_studies([study("tanh", lags=(2,), seeds=2)], store, jobs=1)
    before = results(store)
    summary = run_studies([study("tanh", lags=(2,), seeds=3)], store, jobs=1)
    assert (summary.trained, summary.cached) == (1, 4)
    after = results(store)
    kept = after.merge(before, how="inner")
    assert len(kept) == len(before)


def test_any_number_of_jobs_gives_the_same_results(make_store):
    stores = [make_store("one"), make_store("two")]
    for jobs, where in enumerate(stores, start=1):
        run_studies([study("tanh", "lstm", "clip-value")], where, jobs=jobs)
    pd.testing.assert_frame_equal(*map(results, stores), check_exact=True)


PLUGIN = '''"""Three ways to fail, and one to do well."""

import os
import signal

from bench.techniques.tanh import Tanh


class Raises(Tanh):
    name = "raises"

    def accumulate(self, inputs, targets):
        raise ValueError("as it was made to")


class Dies(Tanh):
    name = "dies"

    def accumulate(self, inputs, targets):
        os.kill(os.getpid(), signal.SIGKILL)


class Unborn(Tanh):
    name = "unborn"

    def layers_of(self, members, inputs, hidden):
        raise RuntimeError("no such layers")


class Fine(Tanh):
    name = "fine"
'''


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A file with techniques that fail, registered."""
    file = tmp_path / "failing.py"
    file.write_text(PLUGIN)
    monkeypatch.setattr(techniques, "_found", dict(techniques.all()))
    load_plugin(file, [tasks, techniques])
    return str(file)


def test_a_failure_is_an_outcome_and_the_rest_goes_on(store, plugin):
    wanted = study("raises", "fine", "dies", "unborn", lags=(2,))
    summary = run_studies([wanted], store, jobs=2, plugins=[plugin])
    reasons = {row["technique"]: row["reason"] for row in summary.failures}
    assert reasons["raises"] == "ValueError: as it was made to"
    assert "SIGKILL" in reasons["dies"]
    assert reasons["unborn"] == "RuntimeError: no such layers"
    outcomes = store.members().groupby("technique")["outcome"].agg(set).to_dict()
    assert outcomes["raises"] == outcomes["dies"] == outcomes["unborn"] == {"failed"}
    assert "failed" not in outcomes["fine"]
    again = run_studies([wanted], store, jobs=2, plugins=[plugin])
    assert again.trained == 0
    assert len(again.failures) == len(summary.failures)


def test_a_store_in_use_is_said_so(store):
    with store.lock(), pytest.raises(BenchError):
        run_studies([study("tanh")], Store.open(store.uri), jobs=1)


RUN = """
from bench.execution import run_studies
from bench.protocol.preset import Selectors, load_preset, resolve
from bench.tracking import Store
if __name__ == "__main__":
    chosen = Selectors(techniques=("tanh", "gru", "lstm"), tasks=("adding",), lags=(2, 4), updates=60,
                       learning_rates=(0.03, 0.01), seeds=2)
    run_studies([resolve(load_preset("smoke"), chosen)], Store.open({store!r}), jobs=2)
"""


def test_a_killed_run_goes_on_to_the_results_of_an_undisturbed_one(make_store, tmp_path):
    whole, cut = make_store("whole"), make_store("cut")
    wanted = study("tanh", "gru", "lstm")
    script = tmp_path / "run.py"
    script.write_text(RUN.format(store=cut.uri))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    running = subprocess.Popen(
        [sys.executable, script], env=environment, start_new_session=True, stderr=subprocess.DEVNULL
    )
    while running.poll() is None and len(cut.members()) < 6:
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    done = len(cut.members())
    summary = run_studies([wanted], cut, jobs=2)
    run_studies([wanted], whole, jobs=2)
    assert summary.cached == done >= 6
    pd.testing.assert_frame_equal(results(cut), results(whole), check_exact=True)


class Until(Budget):
    """A budget that is spent as soon as something has happened."""

    def __init__(self, happened):
        super().__init__(seconds=1e6)
        self.happened = happened

    @property
    def left(self):
        return 0.0 if self.happened() else 1e6


def test_a_budget_cuts_a_run_off_evenly_and_the_next_one_completes_it(make_store):
    whole, cut = make_store("whole"), make_store("cut")
    wanted = study("tanh", "gru", seeds=FEW + 2)
    first = run_studies([wanted], cut, jobs=2, budget=Until(lambda: len(list(cut.location.artifacts.iterdir())) > 6))
    members = cut.members()
    assert 0 < first.trained == len(members)
    assert first.left > 0
    assert set(cut.costs()["technique"]) == {"tanh", "gru"}
    assert set(members["technique"]) == {"tanh", "gru"}
    assert members["seed"].where(members["role"] == "measured").max() <= FEW
    second = run_studies([wanted], cut, jobs=2, budget=Budget(3600))
    run_studies([wanted], whole, jobs=2)
    assert (second.left, second.cached, second.failures) == (0, first.trained, [])
    pd.testing.assert_frame_equal(results(cut), results(whole), rtol=1e-3)


def test_a_budget_without_time_trains_nothing(store):
    summary = run_studies([study("tanh", lags=(2,))], store, jobs=1, budget=Until(lambda: True))
    assert (summary.trained, summary.left) == (0, 4)
    assert "Nothing fitted into it" in account(summary)
