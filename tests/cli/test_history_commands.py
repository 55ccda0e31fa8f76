"""Scheduled runs of a small preset with a technique and a task of one's own: what the history says of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import execution
from bench.cli import main
from bench.evidence import verdicts
from bench.evidence.claims import Claim
from bench.execution import sampling
from bench.history import take
from bench.records import staleness
from bench.records.snapshot import Snapshot
from bench.tasks import tasks
from bench.techniques import techniques
from bench.tracking import Store

TASK = '''"""A task that is easy."""

import torch

from bench.tasks.base import Task


class Sign(Task):
    """Say whether the first number was positive."""

    name = "sign"
    title = "Sign"
    reference = "made up"
    inputs, outputs = 1, 2

    def sample(self, generator, batch_size, lag, split="train"):
        inputs = torch.empty(self.steps(lag), batch_size, 1).uniform_(-1, 1, generator=generator)
        return inputs, (inputs[:1, :, 0] > 0).long()

    def steps(self, lag):
        return lag + 1

    def trivial_level(self, lag):
        return 1 / 2
'''
TECHNIQUE = '''"""A technique that does as it is told."""

import time

from bench.techniques.tanh import Tanh


class Patient(Tanh):
    """The baseline by another name."""

    name = "patient"
    title = "Patient"

    def accumulate(self, inputs, targets):
        {extra}
        return super().accumulate(inputs, targets)
'''
SPOILT = "time.sleep(0.002); targets = 1 - targets"
"""Slowed down, and taught the wrong answer."""
PRESET = """
title: {en: Tiny, zh: 极小}
description: {en: For a test., zh: 供测试用。}
techniques: [tanh, patient]
tasks: {sign: {lags: [1]}}
measured_seeds: 8
protocol: {hidden_size: 4, batch_size: 32, updates: 120, evaluate_every: 10, held_out_size: 64, learning_rates: [0.05],
  tuning_seeds: 0}
"""
CLAIM = Claim.model_validate(
    {
        "id": "S06",
        "says": "patience learns",
        "measure": "the score",
        "parts": [
            {
                "id": "learns", "label": "learns", "kind": "score", "techniques": ("patient",), "direction": "higher",
                "against": 0.0, "says": "score of {technique}",
            }
        ],
    }
)  # fmt: skip


class Nightly:
    """A folder with a preset, a plugin and a store, in which runs follow each other."""

    def __init__(self, folder: Path) -> None:
        self.task, self.technique = folder / "sign.py", folder / "patient.py"
        self.preset, self.store = folder / "tiny.yaml", folder / "store"
        self.preset.write_text(PRESET, encoding="utf-8")
        self.task.write_text(TASK, encoding="utf-8")

    def run(self, extra: str) -> Snapshot:
        """A run with a technique that does so; returns the snapshot that it left."""
        self.technique.write_text(TECHNIQUE.format(extra=extra), encoding="utf-8")
        staleness.why_stale.cache_clear()
        words = ["--preset", self.preset, "--store", self.store, "--jobs", "1"]
        plugins = ["--plugin", self.task, "--plugin", self.technique]
        assert main(["run", *map(str, [*words, *plugins])]) == 0
        return Store.open(str(self.store)).snapshots()[-1]


@pytest.fixture(scope="module")
def patch():
    with pytest.MonkeyPatch.context() as patch:
        yield patch
    staleness.why_stale.cache_clear()


@pytest.fixture(scope="module")
def nightly(tmp_path_factory, patch, few_timings) -> tuple[Nightly, list[Snapshot]]:
    """Three runs: as it was, again, and spoilt."""
    patch.setattr(techniques, "_found", dict(techniques.all()))
    patch.setattr(tasks, "_found", dict(tasks.all()))
    for module in (verdicts, take):
        patch.setattr(module, "source_claims", lambda: (CLAIM,))
    patch.setattr(sampling, "PROCESSES", 3)
    made = Nightly(tmp_path_factory.mktemp("nightly"))
    return made, [made.run(extra) for extra in ("pass", "pass", SPOILT)]


def compared(nightly: Nightly, old: Snapshot, new: Snapshot, capsys, *options: str) -> tuple[int, dict]:
    capsys.readouterr()
    status = main(["compare", old.id, new.id, "--store", str(nightly.store), "--json", *options])
    return status, json.loads(capsys.readouterr().out)


def test_a_run_that_changed_nothing_leaves_a_snapshot_that_says_so(nightly, capsys):
    made, (first, second, _) = nightly
    assert (first.claims, first.cells) == (second.claims, second.cells)
    assert [claim.verdict for claim in first.claims] == ["supported"]
    assert {speed.technique for speed in second.speeds} == {"tanh", "patient"}
    assert {len(speed.ratios) for speed in second.speeds} == {sampling.PROCESSES}
    assert [speed.loss for speed in first.speeds] == [speed.loss for speed in second.speeds]
    status, record = compared(made, first, second, capsys, "--fail-on", "verdict,quality")
    assert (status, record["verdicts"], record["quality"], record["drifts"]) == (0, [], [], [])


def test_a_slowed_technique_is_found_and_named_and_the_gate_shuts(nightly, capsys):
    made, (_, before, spoilt) = nightly
    status, record = compared(made, before, spoilt, capsys, "--fail-on", "speed")
    assert (status, record["worse"]) == (1, ["speed patient"])
    (speed,) = (s for s in record["speeds"] if s["technique"] == "patient")
    assert speed["factor"] > 2
    assert speed["why"] == "the code of patient changed"


def test_a_changed_technique_flips_a_verdict_by_its_code_and_learns_worse(nightly, capsys):
    made, (_, before, spoilt) = nightly
    status, record = compared(made, before, spoilt, capsys)
    (flip,), (quality,) = record["verdicts"], record["quality"]
    assert status == 1
    assert (flip["claim"], flip["before"]["verdict"], flip["worse"]) == ("S06", "supported", True)
    assert flip["causes"] == [{"kind": "technique", "names": ["patient"]}]
    assert (quality["technique"], quality["verdict"], quality["after"]) == ("patient", "worse", 0)
    assert {"verdict S06", "quality patient sign (main)"} <= set(record["worse"])


def test_the_history_tells_every_run_and_the_latest_changes(nightly, capsys):
    made, snapshots = nightly
    assert main(["history", "--store", str(made.store)]) == 0
    told = capsys.readouterr().out
    assert all(snapshot.id in told for snapshot in snapshots)
    assert "verdict on S06" in told
    assert "the code of patient changed" in told
    assert main(["history", "--store", str(made.store), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [run["id"] for run in record["runs"]] == [snapshot.id for snapshot in snapshots]
    assert [flip["after"] for flip in record["flips"]] == [snapshots[2].id]


def test_a_snapshot_follows_from_the_store_again(nightly):
    made, snapshots = nightly
    again = take.take(Store.open(str(made.store)))
    assert again.model_copy(update={"taken": snapshots[-1].taken}) == snapshots[-1]


def test_a_snapshot_as_a_file_is_compared_like_any_other(nightly, tmp_path, capsys):
    made, snapshots = nightly
    for name in ("baseline.json", "baseline.json.gz"):
        file = tmp_path / name
        assert main(["snapshot", snapshots[0].id, "--store", str(made.store), "--output", str(file)]) == 0
        assert main(["compare", str(file), str(made.store), "--fail-on", "quality"]) == 1
        assert "quality of patient on sign" in capsys.readouterr().out


def test_a_gate_without_a_setting_in_common_does_not_open(nightly, tmp_path, capsys):
    _, snapshots = nightly
    files = []
    for number, snapshot in enumerate((snapshots[0], snapshots[0].model_copy(update={"cells": ()}))):
        files.append(tmp_path / f"{number}.json.gz")
        files[-1].write_bytes(snapshot.packed())
    assert main(["compare", *map(str, files), "--fail-on", "speed"]) == 0
    for kinds in ("verdict,quality,speed", "quality", "verdict"):
        capsys.readouterr()
        assert main(["compare", *map(str, files), "--fail-on", kinds]) == 2
        assert "no setting in common" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["latest", "no-such-thing"], "names no snapshot"),
        (["latest", "1999-01-01"], "No snapshot is as old"),
        (["latest", "0000"], "There is no snapshot '0000'"),
        (["latest", "previous", "--fail-on", "weather"], "--fail-on takes verdict, quality, speed"),
    ],
)
def test_bad_names_are_one_sentence(nightly, capsys, words, sentence):
    made, _ = nightly
    assert main(["compare", *words, "--store", str(made.store)]) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert len(captured.err.splitlines()) == 1


def test_a_file_that_is_no_snapshot_and_a_store_without_one(nightly, store, tmp_path, capsys):
    file = tmp_path / "other.json"
    file.write_text('{"version": 2}')
    assert main(["compare", str(file), str(file)]) == 2
    assert "is not a snapshot" in capsys.readouterr().err
    assert main(["history", "--store", store.uri]) == 2
    assert "holds no snapshots yet" in capsys.readouterr().err


def test_a_run_may_leave_no_snapshot(store, monkeypatch):
    monkeypatch.setattr(execution, "sample_speeds", lambda *_: pytest.fail("not asked for"))
    words = ["--preset", "smoke", "--technique", "tanh", "--task", "adding", "--learning-rate", "0.01"]
    assert main(["run", *words, "--no-history", "--store", store.uri]) == 0
    assert store.snapshots() == []
