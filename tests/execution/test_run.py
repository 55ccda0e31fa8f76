"""Whole runs in processes of their own, on a small study."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from alike import assert_alike, assert_tidy

from bench.errors import BusyError
from bench.execution import Budget, RunSummary, account, crew, make_plan, run, run_studies, sample_speeds
from bench.protocol.ladder import FEW
from bench.protocol.preset import Selectors, load_preset, resolve
from bench.registry import load_plugin
from bench.tasks import tasks
from bench.techniques import techniques
from bench.tracking import Store

RESULTS = ["technique", "task", "lag", "seed", "learning_rate", "role", "outcome", "updates", "metric", "loss"]


def study(*names, **choices):
    words = {"tasks": ("adding",), "lags": (2, 4), "updates": 120, "learning_rates": (0.03, 0.01), "seeds": 2}
    return resolve(load_preset("smoke"), Selectors(techniques=names, **words | choices))


def results(store):
    rows = store.members()[RESULTS]
    return rows.sort_values(RESULTS[:6]).reset_index(drop=True)


def test_a_run_trains_what_is_missing_and_a_second_one_nothing(store):
    wanted = study("tanh", "gru")
    first = run_studies([wanted], store, jobs=2)
    members = store.members()
    assert set(members["lag"]) == {2, 4}, "both climb"
    assert first.trained == len(members)
    assert (first.cached, first.failures, first.interrupted) == (0, [], False)
    assert set(store.costs()["technique"]) == {"tanh", "gru"}
    assert set(store.costs()["rounds"]) == {run.PROCESSES}
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


def test_an_arm_that_is_larger_has_the_costs_of_everything_at_its_longest_lag(store):
    words = {"lags": (2, 4), "updates": 2, "seeds": 1, "learning_rates": (0.01,), "hidden_size": 4}
    arms = {
        "main": study("tanh", "gru", **words),
        "alike": study("tanh", "gru", **words, recurrent_gain=2.0),
        "wide": study("tanh", "gru", **words | {"hidden_size": 6}),
        "long": study("gru", **words | {"lags": (2, 5)}),
    }
    run_studies([made.model_copy(update={"arm": arm}) for arm, made in arms.items()], store, jobs=1)
    costs = store.costs()
    places = sorted(costs[["hidden_size", "technique", "lag"]].itertuples(index=False, name=None))
    assert places == [
        (4, "gru", 2), (4, "gru", 5), (4, "tanh", 2), (4, "tanh", 4),
        (6, "gru", 2), (6, "gru", 4), (6, "tanh", 2), (6, "tanh", 4),
    ]  # fmt: skip
    assert set(costs["steps"] - costs["lag"]) == {tasks.get("adding")().steps(2) - 2}


def test_screening_spares_the_other_seeds(store):
    hopeless = study("sigmoid", lags=(30, 40), updates=3, seeds=5, screening_seeds=2)
    summary = run_studies([hopeless], store, jobs=1)
    members = store.members()
    assert sorted(members["seed"][members["role"] == "measured"]) == [1, 2]
    assert (set(members["lag"]), set(members["screening_seeds"]), summary.trained) == ({30}, {2}, 4)
    assert run_studies([hopeless], store, jobs=1).trained == 0
    plan = make_plan([hopeless], members, jobs=1)
    assert (plan.members, plan.cached) == (14, 7)  # three seeds are as good as stored; the longer lag could be tuned


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


PLUGIN = '''"""Ways to fail, and one to do well."""

import os
import pathlib
import signal
import time

import torch

from bench.techniques.tanh import Tanh


class Raises(Tanh):
    name = "raises"

    def accumulate(self, inputs, targets):
        raise ValueError("as it was made to")


class Dies(Tanh):
    name = "dies"

    def accumulate(self, inputs, targets):
        os.kill(os.getpid(), signal.SIGKILL)


class Terminated(Tanh):
    name = "terminated"

    def accumulate(self, inputs, targets):
        os.kill(os.getpid(), signal.SIGTERM)
        return super().accumulate(inputs, targets)


class Greedy(Tanh):
    name = "greedy"

    def accumulate(self, inputs, targets):
        return inputs.new_zeros(10**15)


class Forgetful(Tanh):
    name = "forgetful"

    def accumulate(self, inputs, targets):
        raise MemoryError


class Hangs(Tanh):
    name = "hangs"

    def accumulate(self, inputs, targets):
        if not pathlib.Path(__file__).with_name("mended").exists():
            time.sleep(600)
        return super().accumulate(inputs, targets)


class Leaves(Tanh):
    name = "leaves"

    def accumulate(self, inputs, targets):
        raise SystemExit(0)


class Interrupts(Tanh):
    name = "interrupts"

    def accumulate(self, inputs, targets):
        raise KeyboardInterrupt


class Odd(BaseException):
    pass


class Oddly(Tanh):
    name = "oddly"

    def accumulate(self, inputs, targets):
        raise Odd("no Exception")


class Unborn(Tanh):
    name = "unborn"

    def layers_of(self, members, inputs, hidden):
        if self.blueprint.steps == 2:  # not where it is looked at as it is loaded
            raise RuntimeError("no such layers")
        return super().layers_of(members, inputs, hidden)


class Switches(Tanh):
    name = "switches"

    def accumulate(self, inputs, targets):
        torch.set_num_threads(2)
        return super().accumulate(inputs, targets)


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
    ending = ("dies", "terminated", "leaves", "interrupts", "oddly")
    names = ("raises", "fine", *ending, "greedy", "forgetful", "unborn", "switches")
    wanted = study(*names, lags=(2,), learning_rates=(0.01,), updates=20)
    summary = run_studies([wanted], store, jobs=2, plugins=[plugin])
    reasons = {row["technique"]: row["reason"] for row in summary.failures}
    short = "it ran out of memory; use fewer --jobs, smaller batches or smaller networks"
    assert reasons.pop("greedy").startswith(f"{short} (RuntimeError: ")
    assert reasons == {
        "raises": "ValueError: as it was made to",
        "dies": "the process was ended by SIGKILL, perhaps because memory ran out",
        "terminated": "the process was ended by SIGTERM",
        "leaves": "SystemExit: 0",
        "interrupts": "KeyboardInterrupt",
        "oddly": "Odd: no Exception",
        "forgetful": f"{short} (MemoryError)",
        "unborn": "RuntimeError: no such layers",
        "switches": "it changes torch's threads (from 1 to 2) for its whole process",
    }
    outcomes = store.members().groupby("technique")["outcome"].agg(set).to_dict()
    assert {name for name, found in outcomes.items() if found == {"failed"}} == set(names) - {"fine"}
    assert "failed" not in outcomes["fine"]
    assert "fine" in set(store.costs()["technique"]), "who ends a process takes nobody's costs along"
    again = run_studies([wanted], store, jobs=2, plugins=[plugin])
    assert again.trained == 0
    assert len(again.failures) == len(summary.failures)


def test_who_wants_to_end_the_program_takes_nobodys_speed_along(store, plugin):
    with store.lock():
        assert sample_speeds([study("leaves", "fine", lags=(2,))], store, [plugin]) == 1
    assert set(store.timings()["technique"]) == {"fine"}


def test_what_takes_too_long_has_failed_and_is_tried_again_where_that_is_asked_for(store, plugin):
    little = {"lags": (2,), "learning_rates": (0.01,), "updates": 20}
    run_studies([study("fine", **little)], store, jobs=1, plugins=[plugin])
    kept = store.members()["mlflow_run_id"].tolist()
    wanted = study("hangs", "fine", **little)
    failed = run_studies([wanted], store, jobs=2, plugins=[plugin], timeout=0.5)
    (failure,) = failed.failures
    assert (failed.trained, failed.failed) == (0, 2)
    assert (failure["technique"], failure["reason"]) == ("hangs", "it exceeded the timeout of 0.5 s")
    Path(plugin).with_name("mended").touch()
    again = run_studies([wanted], store, jobs=2, plugins=[plugin], retry_failed=True)
    assert (again.trained, again.cached, again.failures) == (2, 2, [])
    assert store.members().query("technique == 'fine'")["mlflow_run_id"].tolist() == kept
    assert_tidy(store)


def test_what_nobody_here_may_train_ends_the_run_in_a_sentence(store, monkeypatch):
    monkeypatch.setattr(crew, "own_code", lambda: "older")
    summary = run_studies([study("tanh", lags=(2,))], store, jobs=1)
    assert (summary.trained, summary.failures) == (0, [])
    assert re.fullmatch(
        r"On this machine .* holds a different bptt-bench .*; install the same version; .* run again\.", summary.trouble
    )


def test_a_store_in_use_is_said_so(store):
    with store.lock(), pytest.raises(BusyError):
        run_studies([study("tanh")], Store.open(store.uri), jobs=1)


A_FEW_WRITES = 25
"""To MLflow: what is asked for, a cohort or two, and a part of the next one."""
PRESET = """
title: {en: Stopped, zh: 终止}
description: {en: Stopped., zh: 终止。}
techniques: [tanh]
tasks: {adding: {lags: [2]}, copy: {lags: [1]}}
measured_seeds: 2
protocol:
  {hidden_size: 4, batch_size: 4, updates: 300, evaluate_every: 4, held_out_size: 8,
   learning_rates: [0.03, 0.01], tuning_seeds: 1}
"""


def test_a_run_whose_processes_are_all_terminated_goes_on_as_if_it_had_not_been(make_store, tmp_path):
    """As `timeout`, a cluster or a shutdown ends it: nothing has failed, and nothing is lost."""
    whole, cut = make_store("whole"), make_store("cut")
    preset = tmp_path / "preset.yaml"
    preset.write_text(PRESET, encoding="utf-8")
    command = "import signal, sys; from cutting import cut_at_write, main, time_little; time_little(); "
    command += f"cut_at_write({A_FEW_WRITES}, signal.SIGTERM); sys.exit(main(['run', *sys.argv[1:]]))"
    ran = subprocess.run(
        [sys.executable, "-c", command, "--preset", preset, "--store", cut.uri, "--jobs", "2"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert ran.returncode == 128 + signal.SIGTERM, ran.stderr
    assert "Terminated: finished work is kept." in ran.stderr
    assert "failed" not in set(cut.members()["outcome"])
    assert_tidy(cut)
    wanted = resolve(load_preset(str(preset)))
    done = len(cut.members())
    assert run_studies([wanted], cut, jobs=2).cached == done > 0
    run_studies([wanted], whole, jobs=2)
    assert_alike(cut, whole)


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
    ours, theirs = (_of_results(store) for store in (cut, whole))
    pd.testing.assert_frame_equal(ours, theirs, rtol=1e-3)  # cohorts are cut otherwise, which changes rounding


def test_a_budget_without_time_trains_nothing(store):
    summary = run_studies([study("tanh", lags=(2,))], store, jobs=1, budget=Until(lambda: True))
    assert (summary.trained, summary.left) == (0, 4)
    assert "Nothing fitted into it" in account(summary)


def test_a_run_that_was_interrupted_did_not_spend_its_budget():
    told = account(RunSummary(trained=1, left=2, interrupted=True))
    assert told == "Runs trained: 1; failed: 0; already stored: 0. At most 2 runs remain for next time."


def _of_results(store):
    rows = store.members()[RESULTS]
    return rows.sort_values(RESULTS[:6]).reset_index(drop=True)
