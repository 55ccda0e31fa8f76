"""The catalogues: the same keys in both languages, every key known, and no number typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

import bench.reporting
from bench.errors import BenchError
from bench.reporting.catalogue import LANGUAGES, Catalogue, templates_folder
from bench.reporting.numbers import Numbers


def leaves(entry: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in entry.items():
        inside = f"{path}.{key}".lstrip(".")
        if isinstance(value, dict):
            yield from leaves(value, inside)
        else:
            yield inside, value


ENGLISH, CHINESE = (dict(leaves(Catalogue(language).entries)) for language in LANGUAGES)


def test_both_catalogues_have_the_same_keys() -> None:
    assert list(ENGLISH) == list(CHINESE)


@pytest.mark.parametrize("key", ENGLISH)
def test_both_languages_fill_the_same_values(key: str) -> None:
    fields = [{name for _, name, _, _ in Formatter().parse(text[key]) if name} for text in (ENGLISH, CHINESE)]
    assert fields[0] == fields[1]


def typed_in_sentence(text: str) -> bool:
    """Whether a catalogue's sentence holds a digit of its own: braces are filled, names such as R² have none."""
    return bool(re.search(r"\d", re.sub(r"\{\w+\}", "", text)))


SHOWN = r"(?:alt|title|aria-label|placeholder|description)"
"""Attributes whose text reaches a reader; digits in others (colspan, class, href, viewport) are markup."""


def typed_in_template(text: str) -> bool:
    """Whether a template itself shows a digit: between tags, in an attribute that is read out, or in a literal that an
    expression prints. Statements ({% %}), comments, style sheets and everything else within a tag are no text."""
    printed = "".join(re.findall(r"\{\{(.*?)\}\}", text, flags=re.S))
    literals = [literal for pair in re.findall(r"'([^']*)'|\"([^\"]*)\"", printed) for literal in pair]
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<style>.*?</style>", "", text, flags=re.S)
    attributes = re.findall(rf"\b{SHOWN}=\"([^\"]*)\"", text)
    between = re.sub(r"<[^>]*>", "", text, flags=re.S)
    return any(re.search(r"\d", shown) for shown in (*literals, *attributes, between))


@pytest.mark.parametrize("catalogue", [ENGLISH, CHINESE], ids=LANGUAGES)
def test_no_sentence_holds_a_typed_number(catalogue: dict[str, str]) -> None:
    assert [text for text in catalogue.values() if typed_in_sentence(text)] == []


def test_no_template_holds_a_typed_number() -> None:
    templates = [*templates_folder().glob("*.j2")]
    assert len(templates) > 10
    assert [file.name for file in templates if typed_in_template(file.read_text(encoding="utf-8"))] == []


def test_the_rule_on_typed_numbers() -> None:
    assert typed_in_sentence("a 95 % interval")
    assert typed_in_sentence("１ 次")
    assert not typed_in_sentence("R² of {n0} runs")
    for typed in ("<p>5 seeds</p>", '<img alt="3 of 4">', "{{ '95 %' }}", "<td>{{ x }} of 30</td>"):
        assert typed_in_template(typed), typed
    markup = '{% if n > 7 %}<h2 class="reach-1">{{ rows[0] }}</h2><td colspan="4">{{ t(\'a\') }}</td>{% endif %}'
    assert not typed_in_template(markup)


def test_every_key_that_is_used_exists() -> None:
    sources = [*templates_folder().glob("*.j2"), *Path(bench.reporting.__file__).parent.glob("*.py")]
    used = {
        key for file in sources for key in re.findall(r"(?:\bt|words)\(\s*f?['\"]([\w.{}]+)['\"]", file.read_text())
    }
    assert len(used) > 80
    for key in used:
        pattern = re.compile(re.sub(r"\\\{\w+\\\}", r"\\w+", re.escape(key)) + (r"\w+" if key.endswith(".") else ""))
        assert any(pattern.fullmatch(known) for known in ENGLISH), f"{key} is in no catalogue"


def test_a_title_from_the_results_wins_in_english_and_helps_out_in_chinese() -> None:
    english, chinese = (Catalogue(language) for language in LANGUAGES)
    assert english.name("techniques", "lstm", "My LSTM") == "My LSTM"
    assert english.name("techniques", "lstm") == "LSTM"
    assert chinese.name("techniques", "mine", "My own") == "My own"
    assert chinese.name("techniques", "mine") == "mine"


def test_unknown_language() -> None:
    with pytest.raises(BenchError, match="known are en, zh"):
        Catalogue("fr")


def test_numbers_look_as_documented() -> None:
    number = Numbers(Catalogue("en"))
    assert number.count(12345) == "12,345"
    assert number.metric(1 / 6) == "0.167"
    assert [number.signed(x) for x in (0.2345, -0.00123, 123.4, -1234.5)] == ["+0.23", "−0.0012", "+123", "−1,234"]
    assert [number.signed(x) for x in (0.0, float("nan"), float("-inf"))] == ["0", "–", "−∞"]
    assert [number.factor(x) for x in (3.87, 0.5, 0.00712)] == ["3.9", "0.50", "0.0071"]
    assert [number.steps(x) for x in (0.917, 12.6, 1686.0, float("inf"))] == ["0.92", "13", "1,686", "∞"]
    assert [number.p(x) for x in (0.0412, 1e-9, 0.999, None)] == ["0.041", "< 0.001", "1", "–"]
    assert number.power_of_ten(-38) == "10⁻³⁸"
    assert [number.tick(x) for x in (0.05, -0.5, 20_000)] == ["0.05", "−0.5", "20\u202fk"]
    assert number.interval(0.434, 1) == "43–100 %"
    assert number.ratio_range(3.66, 3.78) == "3.7–3.8×"
    assert number.ratio_range(1.001, 1.002) == "1.00×"
    assert number.si(12_345_678) == "12.3\u202fM"
    assert number.si(512) == "512"
    assert number.si(1_500, "B") == "1.5\u202fkB"
    assert number.updates(float("inf"), 2000) == "> 2,000"
    assert number.rates({20: 0.01, 50: 0.01}) == "0.01"
    assert number.rates({20: 0.01, 50: 0.003, 100: 0.01}) == "0.01 (lag 20 and 100); 0.003 (lag 50)"
    assert number.dials('{"window": 20.0}') == "window = 20"
    assert number.join(["a", "b", "c"]) == "a, b and c"
    assert number.join([]) == ""
    assert number.when("2026-02-03T04:05:06+00:00") == "2026-02-03 04:05"
