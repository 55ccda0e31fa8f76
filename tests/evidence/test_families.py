"""Claims of users' own are judged beside the source's, which keep their correction."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from test_verdicts import gates

from bench.cli import main
from bench.errors import BenchError
from bench.evidence import wording
from bench.evidence.claims import BEYOND, SOURCE, add_claims, book, claims_beside, families, find_claim
from bench.evidence.estimands import estimands
from bench.evidence.verdicts import as_record, judge, judge_families
from bench.languages import language
from bench.testing.made_up import SmallStore
from bench.tracking import Store

CLAIMS = """
- id: M1
  says: the LSTM learns sooner than the GRU
  measure: the score of both
  names: {lstm: the long short-term memory}
  parts:
    - {id: score, label: learning, kind: score, techniques: [lstm], references: [gru], direction: higher}
- id: M2
  says: the GRU learns sooner than plain tanh
  measure: the score of both
  parts:
    - {id: score, label: learning, kind: score, techniques: [gru], references: [tanh], direction: higher}
"""
ESTIMAND = '''
from bench.evidence.estimands import Estimand, Example
from bench.evidence.measuring.runs import solved
from bench.languages import words


class Failed(Estimand):
    """1 if the run did not solve its task."""

    name = "unsolved"
    margin = 0.1
    bounds = (0.0, 1.0)
    noun = words("share of runs unsolved")
    says = words("share of runs that {technique} does not solve minus that of {reference}{where}")

    def measure(self, scope, technique, part):
        found = solved(scope, technique)
        return found.assign(value=1 - found.value)

    def example(self, level, seed, cell, part):
        return Example(member={"outcome": "unsolved" if level > 0 or (level == 0 and seed % 2) else "solved"})
'''


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """What plugins bring goes again."""
    monkeypatch.setattr(book, "_plugins", {})
    monkeypatch.setattr(estimands, "_found", dict(estimands.built_in()))


@pytest.fixture(scope="module")
def store() -> SmallStore:
    return gates().finish()


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    file = tmp_path / "claims.yaml"
    file.write_text(CLAIMS)
    return file


def test_a_users_claims_are_a_family_and_the_sources_keep_their_correction(store: SmallStore, mine: Path) -> None:
    alone = [as_record(verdict) for verdict in judge(store)]
    add_claims(mine)
    by_family = judge_families(store)
    assert list(by_family) == [SOURCE, BEYOND, str(mine)]
    assert str([as_record(verdict) for verdict in by_family[SOURCE]]) == str(alone)
    own = {verdict.claim: verdict for verdict in by_family[str(mine)]}
    assert [verdict.comparisons for verdict in own.values()] == [2, 2]
    (same,) = (part for part in find_claim("S06").parts if part.id == "score-gru")
    (theirs,) = (part for verdict in by_family[SOURCE] for part in verdict.parts if part.asked == same)
    assert own["M2"].effect == theirs.effect
    assert own["M2"].p is not None
    assert theirs.p is not None
    assert own["M2"].p < theirs.p  # the same data, corrected for two comparisons, not for all of the source's


def test_their_words_stand_with_them(mine: Path) -> None:
    add_claims(mine)
    part = find_claim("M1").parts[0]
    said = wording.estimated("M1", part, language("en"))
    assert said == "score of the long short-term memory minus that of GRU"
    assert wording.says("M1", language("zh")) == "The LSTM learns sooner than the GRU"  # not translated


def test_an_id_is_taken_once(tmp_path: Path, mine: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(CLAIMS.replace("M2", "S06"))
    with pytest.raises(BenchError, match="both define a claim S06"):
        add_claims(other)
    assert list(families()) == [SOURCE, BEYOND]
    add_claims(mine)
    add_claims(mine)  # read again, it is the same file
    assert len(families()[str(mine)]) == 2


def test_a_package_brings_claims_by_its_entry_point(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "my_claims"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "M1.yaml").write_text(CLAIMS.split("- id: M2")[0].replace("- id", "id").replace("\n  ", "\n"))
    monkeypatch.syspath_prepend(str(tmp_path))
    entry = EntryPoint(name="mine", value="my_claims", group="bptt_bench.claims")
    monkeypatch.setattr(book, "entry_points", lambda group: [entry])
    book._of_entry_points.cache_clear()
    try:
        assert [claim.id for claim in families()["mine"]] == ["M1"]
    finally:
        book._of_entry_points.cache_clear()


@pytest.fixture
def found(store: SmallStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Store, "open", lambda uri=None, create=True: store)


def test_the_command_judges_a_file_of_claims(found: None, mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verdicts", "--json", "--plugin", str(mine)]) == 0
    records = json.loads(capsys.readouterr().out)
    assert [record["claim"] for record in records[-2:]] == ["M1", "M2"]
    assert records[-1]["verdict"] == "supported"
    assert records[-1]["says"] == "The GRU learns sooner than plain tanh"
    assert len(records) == 42
    assert main(["list", "claims", "--plugin", str(mine)]) == 0
    assert "the LSTM learns sooner than the GRU" in capsys.readouterr().out


def test_a_plugin_brings_an_estimand_and_claims_beside_it(
    found: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text(ESTIMAND)
    beside = tmp_path / "mine.claims.yaml"
    beside.write_text(CLAIMS.replace("kind: score", "kind: unsolved"))
    assert claims_beside(plugin) == beside
    assert main(["verdicts", "--json", "--plugin", str(plugin)]) == 0
    records = json.loads(capsys.readouterr().out)
    assert (records[-1]["kind"], records[-1]["effect"]) == ("unsolved", 0)


def test_a_file_that_is_no_claims_is_a_sentence(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine.write_text(CLAIMS.replace("higher", "better"))
    assert main(["list", "claims", "--plugin", str(mine)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "parts.0.direction" in line
    assert main(["list", "claims", "--plugin", str(mine.parent / "none.yaml")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "Cannot read the claims file" in line
