"""The hash of the claims: it changes with whatever decides a verdict, and with nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.evidence.claims import SOURCE, Claim, claims_hash, family_hashes, load_claims, source_claims

PART: dict[str, Any] = {
    "id": "p", "label": "a part", "kind": "score", "techniques": ("gru",), "references": ("tanh",),
    "direction": "higher", "margin": 0.1,
}  # fmt: skip


def claim(number: str = "X01", rules: dict[str, Any] | None = None, **part: Any) -> Claim:
    words = {"id": number, "says": "a claim", "measure": "how", "parts": ({**PART, **part},)}
    return Claim(**{**words, **(rules or {})})


@pytest.mark.parametrize(
    "other",
    [
        claim(margin=0.2), claim(direction="lower"), claim(kind="solved"), claim(techniques=("lstm",)), claim(id="q"),
        claim(lags="longest"), claim(tasks=("copy",)), claim(arm="start"), claim(moment="start"), claim(group="g"),
        claim("X02"), claim(rules={"combine": "any"}), claim(rules={"within": "any"}),
        claim(rules={"parts": (PART, {**PART, "id": "q", "label": "another", "beside": True})}),
    ],
)  # fmt: skip
def test_what_decides_a_verdict_counts(other: Claim) -> None:
    assert claims_hash([other]) != claims_hash([claim()])


def test_words_and_the_order_of_claims_do_not() -> None:
    reworded = claim(label="otherwise", says="{technique} beats {reference}")
    renamed = claim(
        rules={"says": "else", "measure": "else", "names": {"gru": "it"}, "stands": ({"elsewhere": "code"},)}
    )
    assert claims_hash([reworded]) == claims_hash([renamed]) == claims_hash([claim()])
    assert claims_hash([claim(), claim("X02")]) == claims_hash([claim("X02"), claim()])
    assert claims_hash([claim(arm="main", lags="all")]) == claims_hash([claim()])


def test_every_family_has_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.evidence.claims.book._plugins", {})
    before = family_hashes()
    assert before[SOURCE] == claims_hash(source_claims())
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    text = (Path(__file__).parents[2] / "bench/evidence/claims/S04.yaml").read_text(encoding="utf-8")
    for folder, name in (("one", "X01"), ("two", "X02")):
        (tmp_path / folder / "mine.yaml").write_text(text.replace("S04", name), encoding="utf-8")
        load_claims([tmp_path / folder / "mine.yaml"])
    after = family_hashes()
    assert list(after) == [*before, "mine.yaml", str(tmp_path / "two" / "mine.yaml")]
    assert after[SOURCE] == before[SOURCE]
    assert len(set(after.values())) == len(after)
