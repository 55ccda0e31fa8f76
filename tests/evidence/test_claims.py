"""The tests of the claims are whole, and the source's table is covered by them."""

from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from bench.evidence.claims import ClaimTest, Part, load_tests, spaced
from bench.evidence.source import COLUMNS, claims_of, elsewhere, load_claims, load_rows, load_statements
from bench.protocol.preset import parse_technique

PARTS = [(test.id, part) for test in load_tests() for part in test.parts]
HAN_BESIDE_LATIN = re.compile(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]")


def test_every_claim_of_the_source_has_a_test() -> None:
    assert [test.id for test in load_tests()] == [claim.id for claim in load_claims()]


def test_techniques_exist_and_are_spelt_as_results_spell_them() -> None:
    for claim, part in PARTS:
        for name in (*part.techniques, *part.references, *filter(None, [part.explodes])):
            if name.endswith(("=*", "=min", "=max")):
                base, _, dial = name.rpartition("=")[0].partition(":")
                assert dial in parse_technique(base)[2], (claim, part.id)
            else:
                assert parse_technique(name)[0] == name, (claim, part.id)
        if part.lags == "beyond window":
            assert all("window" in parse_technique(name)[2] for name in part.techniques)


def test_texts_are_whole_in_both_languages() -> None:
    for claim, part in PARTS:
        for words in (part.label, part.estimand):
            assert set(words) == {"en", "zh"}, (claim, part.id)
            assert all(words.values())
            assert not any("{" in text for text in words.values())
        assert not HAN_BESIDE_LATIN.search(part.estimand["zh"]), part.estimand["zh"]
        assert not re.search(r"[\u4e00-\u9fff][,;:()]", part.estimand["zh"] + part.label["zh"])


def test_parts_that_ask_the_same_are_one_comparison() -> None:
    by_name = {(claim, part.id): part.question for claim, part in PARTS}
    assert by_name["S06", "score-lstm"] == by_name["S27", "score-lstm"]
    assert by_name["S24", "score"] == by_name["S26", "against-full"]  # the claims want it to go opposite ways
    assert by_name["S08", "score"] != by_name["S06", "score-gru"]
    assert by_name["S15", "clip-norm"] != by_name["S15", "clip-value"]


def test_labels_of_a_claim_differ() -> None:
    for test in load_tests():
        for language in ("en", "zh"):
            labels = [part.label[language] for part in test.parts]
            assert len(set(labels)) == len(labels), (test.id, labels)


def test_margins_are_those_of_the_table() -> None:
    margins = {part.kind: part.margin for _, part in PARTS}
    assert margins["score"] == margins["solved"] == 0.1
    assert margins["decay"] == margins["relief"] == 0.01
    assert all(part.margin > 0 for _, part in PARTS)


WORDS = {"en": "-", "zh": "-"}
BARE = {
    "id": "x", "label": WORDS, "kind": "score", "techniques": ("lstm",), "direction": "higher",
    "estimand": WORDS, "margin": 0.1, "unit": "",
}  # fmt: skip


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
    ],
)
def test_a_part_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Part.model_validate({**BARE, **wrong})


def test_a_claim_needs_a_part_with_a_say() -> None:
    part = {**BARE, "references": ("tanh",)}
    assert ClaimTest.model_validate({"id": "S99", "parts": [part]}).combine == "all"
    with pytest.raises(ValidationError, match="beside"):
        ClaimTest.model_validate({"id": "S99", "parts": [{**part, "beside": True}]})
    with pytest.raises(ValidationError, match="one id"):
        ClaimTest.model_validate({"id": "S99", "parts": [part, part]})


def test_chinese_is_spaced_from_letters_and_digits() -> None:
    assert spaced("用GRU训练3次，p = 0.1") == "用 GRU 训练 3 次，p = 0.1"


# The source's table


def test_every_statement_of_every_cell_has_a_claim_or_says_why_not() -> None:
    statements = load_statements()
    for row in load_rows():
        for column in COLUMNS:
            mine = [s for s in statements if (s.row, s.column) == (row.id, column)]
            for language in ("en", "zh"):
                texts = row.cells(language).statements(column)
                assert [s.text(language) for s in mine] == texts, (row.id, column)
    for s in statements:
        assert s.claims or s.gap
        assert set(s.gap) in (set(), {"en", "zh"})


def test_every_claim_has_a_place_on_the_page() -> None:
    inside = {claim for row in load_rows() for claim in claims_of(row.id)}
    outside = [claim for claims in elsewhere().values() for claim in claims]
    assert inside | set(outside) == {claim.id for claim in load_claims()}
    assert not inside & set(outside)
    assert len(outside) == len(set(outside))


def test_a_cell_with_two_statements() -> None:
    first, second = [s for s in load_statements() if (s.row, s.column) == ("clipping", "advantage")]
    assert (first.text("en"), first.claims) == ("prevents gradient explosion", ("S15",))
    assert (second.text("zh"), second.claims) == ("提升训练稳定性", ("S17",))
    assert claims_of("clipping") == ["S15", "S16", "S17", "S18", "S19"]
