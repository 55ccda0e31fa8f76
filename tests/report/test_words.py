"""The report's words: none typed in a template, no number typed in a sentence, and none that Chinese lacks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rendering import LANGUAGES

import bench.report
from bench.languages import language as language_of
from bench.languages.check import marked
from bench.report.files import templates_folder
from bench.report.numbers import Numbers
from bench.testing import check_language


def digits(text: str) -> bool:
    """Whether a sentence holds a digit of its own: braces are filled, and names such as R² have none."""
    return bool(re.search(r"\d", re.sub(r"\{\w+\}", "", text)))


REPORT = sorted(Path(bench.report.__file__).parent.rglob("*.py"))
SENTENCES = sorted({one.text for one in marked(REPORT)})


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_holds_a_typed_number(language: str) -> None:
    words = language_of(language)
    assert len(SENTENCES) > 300
    assert [text for text in SENTENCES if digits(words.translation(text))] == []


SHOWN = r"(?:alt|title|aria-label|placeholder|description)"
"""Attributes whose text reaches a reader; digits in others (colspan, class, href, viewport) are markup."""


def typed_in_template(text: str) -> bool:
    """Whether a template itself shows a letter or a digit: between tags, in an attribute that is read out, or in a
    literal that an expression prints. Statements ({% %}), comments, style sheets and all else in a tag are no text."""
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<style>.*?</style>", "", text, flags=re.S)
    attributes = re.findall(rf"\b{SHOWN}=\"([^\"]*)\"", text)
    between = re.sub(r"<[^>]*>", "", text, flags=re.S)
    return any(re.search(r"\w", shown) for shown in (*attributes, between))


def test_no_template_holds_words() -> None:
    templates = [*templates_folder().glob("*.j2")]
    assert len(templates) > 5
    assert [file.name for file in templates if typed_in_template(file.read_text(encoding="utf-8"))] == []


def test_the_rules_on_what_is_typed() -> None:
    assert digits("a 95 % interval")
    assert digits("１ 次")
    assert not digits("R² of {n0} runs")
    for typed in ("<p>5 seeds</p>", '<img alt="3 of 4">', "<td>{{ x }} of 30</td>"):
        assert typed_in_template(typed), typed
    markup = '{% if n > 7 %}<h2 class="reach-1">{{ rows[0] }}</h2><td colspan="4">{{ t(\'a\') }}</td>{% endif %}'
    assert not typed_in_template(markup)


def test_chinese_lacks_nothing_and_has_nothing_that_is_not_used() -> None:
    check_language("zh")


def test_a_title_that_comes_with_results_is_shown_where_there_is_no_translation() -> None:
    english, chinese = (language_of(language) for language in LANGUAGES)
    assert english.name("My LSTM") == chinese.name("My LSTM") == "My LSTM"


def test_numbers_look_as_documented() -> None:
    number = Numbers(language_of("en"))
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
