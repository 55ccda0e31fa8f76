"""What `verdicts` says at its end, on standard error."""

import re

import pytest

from bench.cli.verbs import verdicts as module
from bench.testing.made_up import SmallStore, member, setting, study


def summary(seeds: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """The last line for a store of tanh and LSTM on one task, with so many seeds."""
    settings = [setting(name, 20) for name in ("tanh", "lstm")]
    outcomes = {"tanh": "unsolved", "lstm": "solved"}
    rows = [member(one, seed, outcomes[one.technique]) for one in settings for seed in range(1, seeds + 1)]
    store = SmallStore(rows, [study(*settings, seeds=seeds)])
    monkeypatch.setattr("bench.tracking.Store.open", lambda *args, **words: store)
    monkeypatch.setattr(module, "warn_of_cut_off", lambda store: None)
    module.verdicts.command()
    return capsys.readouterr().err.splitlines()[-1]


def test_a_summary_counts_verdicts_and_withholds_them_where_the_store_is_thin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    enough = summary(20, monkeypatch, capsys)
    assert re.fullmatch(r"\d+ claims: (\d+ [a-z ]+, )*\d+ not run\.", enough)
    thin = summary(2, monkeypatch, capsys)
    assert thin.startswith("2 seeds: no conclusion. With so few seeds")
    assert thin.endswith("Do not rely on verdicts about training.")
    assert "claims:" not in thin
