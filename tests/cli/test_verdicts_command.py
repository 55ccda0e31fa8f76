"""`bptt-bench verdicts`: a table on a terminal and in a file, JSON, and what it says at its end."""

import json
import re

import pytest

from bench.cli import main
from bench.cli.verbs import verdicts as module
from bench.evidence import wording
from bench.evidence.claims import further_claims, source_claims
from bench.languages import language
from bench.testing.made_up import SmallStore, member, setting, study
from bench.tracking import Store

EVERY = [claim.id for claim in (*source_claims(), *further_claims())]


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


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> SmallStore:
    """A store that the command finds: three runs of the baseline."""
    rows = [member(setting("tanh", 10), seed) for seed in (1, 2, 3)]
    store = SmallStore(rows, [study(setting("tanh", 10))])
    monkeypatch.setattr(Store, "open", lambda uri=None, create=True: store)
    return store


def test_a_terminal_gets_a_claim_in_lines_that_fit(
    small: SmallStore, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("bench.cli.console.is_terminal", lambda stream: True)
    assert main(["verdicts"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["claim", "says", "verdict", "effect", "n", "robust", "reason"]
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == EVERY
    assert max(map(len, [head, *lines])) <= 90


def test_a_file_gets_a_claim_a_line_with_its_words(
    small: SmallStore, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    assert main(["verdicts"]) == 0
    _, *lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == EVERY
    for line, claim in zip(lines, [*source_claims(), *further_claims()], strict=True):
        assert wording.says(claim.id, language("en")) in line
    assert not any("…" in line for line in lines)


def test_some_claims_are_chosen(small: SmallStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verdicts", "--claim", "S15,S03"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == ["S03", "S15"]
    assert main(["verdicts", "--claim", "S99"]) == 2
    assert "Unknown claim 'S99': claims are S01 to S30, E01 to E10" in capsys.readouterr().err


def test_json_has_everything(small: SmallStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verdicts", "--json"]) == 0
    records = json.loads(capsys.readouterr().out)
    assert len(records) == len(EVERY)
    wanted = {"claim", "verdict", "estimand", "effect", "low", "high", "n", "needed_n", "robustness", "runs", "reason"}
    for record in records:
        assert wanted | {"parts", "comparisons", "margin", "orthogonal", "p"} <= set(record)
        assert all(wanted <= set(part) for part in record["parts"])
    third = next(record for record in records if record["claim"] == "S03")
    assert third["runs"] == sorted(row["mlflow_run_id"] for row in small.rows)
    assert (third["verdict"], third["effect"], third["n"]) == ("undecided", 0.5, 3)
