"""The tests of the claims are whole, and the source's table is covered by them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from bench.evidence import wording
from bench.evidence.claims import Claim, Part, source_claims
from bench.evidence.source import COLUMNS, claims_of, elsewhere, load_rows, load_statements
from bench.languages import language
from bench.languages.check import complaints, marked
from bench.protocol.preset import parse_technique
from bench.testing.claims import spelling_faults

ENGLISH, CHINESE = language("en"), language("zh")
EVIDENCE = Path(wording.__file__).parent
PARTS = [(claim.id, part) for claim in source_claims() for part in claim.parts]
HAN_BESIDE_LATIN = re.compile(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]")


def test_techniques_exist_and_are_spelt_as_results_spell_them() -> None:
    for claim in source_claims():
        assert not list(spelling_faults(claim))
    for _, part in PARTS:
        if part.lags == "beyond window":
            assert all("window" in parse_technique(name)[2] for name in part.techniques)


def test_texts_are_whole_in_every_language() -> None:
    for claim, part in PARTS:
        for say in (ENGLISH, CHINESE):
            texts = [wording.label(part, say), wording.estimated(claim, part, say), wording.says(claim, say)]
            assert all(texts)
            assert not any("{" in text for text in texts)
        estimated = wording.estimated(claim, part, CHINESE)
        assert not HAN_BESIDE_LATIN.search(estimated), estimated
        assert not re.search(r"[\u4e00-\u9fff][,;:()]", estimated + wording.label(part, CHINESE))


def test_chinese_lacks_nothing_of_the_evidence() -> None:
    texts = [*marked(EVIDENCE.rglob("*.py")), *wording.texts()]
    assert len(texts) > 300
    assert not [line for line in complaints(CHINESE, texts) if "never used" not in line]


def test_techniques_without_a_name_for_sentences_have_their_title() -> None:
    part = PARTS[0][1].model_copy(update={"techniques": ("mine",)})
    assert "of Mine a step" in wording.estimated("S01", part, ENGLISH, {"mine": "Mine", "tanh": "Tanh RNN"})
    assert "of mine a step" in wording.estimated("S01", part, ENGLISH)
    turned = part.model_copy(update={"techniques": ("mine:share=2",)})
    assert "of Mine (share=2) a step" in wording.estimated("S01", turned, ENGLISH, {"mine": "Mine"})


def test_parts_that_ask_the_same_are_one_comparison() -> None:
    by_name = {(claim, part.id): part.question for claim, part in PARTS}
    assert by_name["S06", "score-lstm"] == by_name["S27", "score-lstm"]
    assert by_name["S24", "score"] == by_name["S26", "against-full"]  # the claims want it to go opposite ways
    assert by_name["S08", "score"] != by_name["S06", "score-gru"]
    assert by_name["S15", "clip-norm"] != by_name["S15", "clip-value"]


def test_labels_of_a_claim_differ_in_every_language() -> None:
    for claim in source_claims():
        for say in (ENGLISH, CHINESE):
            labels = [wording.label(part, say) for part in claim.parts]
            assert len(set(labels)) == len(labels), (claim.id, labels)


def test_margins_are_those_of_the_table() -> None:
    margins = {part.kind: part.margin for _, part in PARTS}
    assert margins["score"] == margins["solved"] == 0.1
    assert margins["decay"] == margins["relief"] == 0.01
    assert all(part.margin > 0 for _, part in PARTS)


BARE = {"id": "x", "label": "-", "kind": "score", "techniques": ("lstm",), "direction": "higher"}
CLAIM = {"id": "S99", "says": "-", "measure": "-"}


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"references": ("tanh",), "against": 0},
        {"references": ("tanh",), "choice": True},
        {"against": 0, "reference_arm": "main"},
        {"references": ("tanh",), "direction": "better"},
        {"references": ("tanh",), "kind": "luck"},
        {"references": ("tanh",), "margin": 0},
        {"references": ("tanh",), "tehcnique": "tanh"},
        {"references": ("tanh",), "kind": "cosine"},  # which is compared with a number alone
        {"references": ("tanh",), "kind": "time", "lags": "longest solved"},
    ],
)
def test_a_part_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Part.model_validate({**BARE, **wrong})


def test_a_claim_needs_a_part_with_a_say() -> None:
    part = {**BARE, "references": ("tanh",)}
    assert Claim.model_validate({**CLAIM, "parts": [part]}).combine == "all"
    with pytest.raises(ValidationError, match="beside"):
        Claim.model_validate({**CLAIM, "parts": [{**part, "beside": True}]})
    with pytest.raises(ValidationError, match="two parts have the same id"):
        Claim.model_validate({**CLAIM, "parts": [part, part]})
    with pytest.raises(ValidationError, match="two parts have the same label"):
        Claim.model_validate({**CLAIM, "parts": [part, {**part, "id": "y"}]})


@pytest.mark.parametrize("wrong", [{}, {"column": "fits"}, {"row": "gated", "elsewhere": "code"}])
def test_a_claim_stands_at_one_place_at_a_time(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="give a row"):
        Claim.model_validate({**CLAIM, "parts": [{**BARE, "references": ("tanh",)}], "stands": [wrong]})


# The source's table


def test_every_statement_of_every_cell_has_a_claim_or_says_why_not() -> None:
    statements = load_statements()
    for row in load_rows():
        for column in COLUMNS:
            mine = [s for s in statements if (s.row, s.column) == (row, column)]
            for say in (ENGLISH, CHINESE):
                assert [s.text(say) for s in mine] == row.statements(column, say), (row.id, column)
        assert all(1 <= gap.statement <= len(row.statements(gap.column, ENGLISH)) for gap in row.gaps)
    for s in statements:
        assert s.claims or s.gap(ENGLISH)
        assert bool(s.gap(ENGLISH)) == bool(s.gap(CHINESE))


def test_every_claim_has_a_place_on_the_page() -> None:
    inside = {claim for row in load_rows() for claim in claims_of(row.id)}
    outside = [claim for claims in elsewhere().values() for claim in claims]
    assert inside | set(outside) == {claim.id for claim in source_claims()}
    assert not inside & set(outside)
    assert len(outside) == len(set(outside))
    there = {(s.row.id, s.column, s.number) for s in load_statements()}
    cells = [place for claim in source_claims() for place in claim.stands if place.column]
    assert all((place.row, place.column, place.statement) in there for place in cells)


def test_a_cell_with_two_statements() -> None:
    first, second = [s for s in load_statements() if (s.row.id, s.column) == ("clipping", "advantage")]
    assert (first.text(ENGLISH), first.claims) == ("prevents gradient explosion", ("S15",))
    assert (second.text(CHINESE), second.claims) == ("提升训练稳定性", ("S17",))
    assert claims_of("clipping") == ["S15", "S16", "S17", "S18", "S19"]


def test_gradients_of_all_remedies_are_judged_at_one_moment() -> None:
    """After equally many updates, in the main arm or one of the remedy's own; and the clause says so."""
    remedies = {claim.id for claim in source_claims() if any(place.row for place in claim.stands)}
    about = [(c, p) for c, p in PARTS if c in remedies and p.kind in ("relief", "faded", "fade") and p.references]
    about = [(c, p) for c, p in about if not p.beside]
    assert len(about) >= 6
    for claim, part in about:
        assert (part.moment, part.after_equal_updates) == ("end", True)
        assert part.arm in ("main", "gain", "depth")
        assert "after equally many updates" in wording.estimated(claim, part, ENGLISH)
