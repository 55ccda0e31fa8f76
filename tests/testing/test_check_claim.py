"""The contract of claims: what breaks it is named. That the source's claims keep it is held in tests/evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.evidence.claims import Claim, source_claims
from bench.testing import check_claim
from bench.testing.claims import spelling_faults

PART = {"id": "score", "label": "learning", "kind": "score", "techniques": ["gru"], "references": ["tanh"],
        "direction": "higher"}  # fmt: skip
FILE = """
id: M1
says: the GRU learns sums sooner than plain tanh
measure: the score of both
parts:
  - {id: score, label: learning, kind: score, techniques: [gru], references: [tanh], direction: higher}
"""


def claim(**changes: object) -> Claim:
    return Claim.model_validate({"id": "M1", "says": "-", "measure": "-", "parts": [{**PART, **changes}]})


def test_one_of_the_sources_keeps_it() -> None:
    check_claim(source_claims()[3])


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(FILE)
    check_claim(tmp_path / "mine.yaml")
    check_claim(str(tmp_path / "mine.yaml"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FILE.replace("higher", "better"), "parts.0.direction"),
        (FILE.replace("score, techniques", "luck, techniques"), "parts.0: Unknown estimand 'luck'"),
        ("id: [", "line 1: expected"),
        ("[]", "defines no claim"),
        ("just text", "mine.yaml: "),
    ],
)
def test_a_file_that_is_no_claim_is_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(AssertionError) as caught:
        check_claim(tmp_path / "mine.yaml")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"techniques": ["gruu"]}, "Unknown technique 'gruu'"),
        ({"techniques": ["lstm:forget_bias=1"]}, "write lstm instead of lstm:forget_bias=1"),
        ({"techniques": ["gru:depth=*"]}, "gru has no dial depth"),
        ({"tasks": ["sums"]}, "there is no task sums"),
        ({"says": "{technique} over {other}"}, "says may contain only the placeholders"),
    ],
)
def test_what_is_misspelt_is_named(changes: dict[str, object], said: str) -> None:
    assert any(said in fault for fault in spelling_faults(claim(**changes)))


def test_a_part_that_cannot_hold_is_named() -> None:
    with pytest.raises(
        AssertionError, match="part score: with results in which it clearly holds, its verdict is not run"
    ):
        check_claim(claim(lags="beyond window"))
