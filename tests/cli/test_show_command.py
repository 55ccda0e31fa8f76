"""`bptt-bench show`: one sheet on whatever has the name."""

import json

import pytest

from bench.cli import main
from bench.evidence.claims import source_claims
from bench.protocol.preset import preset_names
from bench.tasks import tasks
from bench.techniques import techniques


@pytest.mark.parametrize("name", [*techniques.names(), *tasks.names(), *preset_names(), "S01", "S30"])
def test_everything_that_is_listed_can_be_shown(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", name, "--json"]) == 0
    sheet = json.loads(capsys.readouterr().out)
    (title,) = next(iter(sheet.values()))
    assert title.startswith(name)
    assert sheet.get("about") or sheet.get("says")


def test_a_technique_has_its_equation_its_dials_and_its_claims(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "tbptt:window=20"]) == 0
    out = capsys.readouterr().out
    assert "technique        tbptt:window=20: Truncated BPTT\n" in out
    assert "window = 20 (other values worth trying: " in out
    shown = {claim.id for claim in source_claims() if f" {claim.id} {claim.says}\n" in out}
    assert shown == {"S24", "S25", "S26", "S27"}


def test_a_claim_is_found_however_it_is_spelt(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "s06"]) == 0
    assert "verdicts --claim S06" in capsys.readouterr().out


def test_a_claim_has_its_parts_and_where_each_has_to_lie(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "S15"]) == 0
    out = capsys.readouterr().out
    assert "holds if       all of them do\n" in out
    assert "by norm: share of runs that explode" in out
    assert "; below −0.1 (arm exploding)\n" in out
    assert main(["show", "lstm", "--json"]) == 0
    sheet = json.loads(capsys.readouterr().out)
    assert not set(sheet["claims about it"]) & set(sheet["reference of"])


def test_an_unknown_name_is_told_with_what_is_near(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "lst"]) == 2
    assert "Unknown name 'lst': did you mean lstm" in capsys.readouterr().err
