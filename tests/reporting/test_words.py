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


@pytest.mark.parametrize("catalogue", [ENGLISH, CHINESE], ids=LANGUAGES)
def test_no_sentence_holds_a_typed_number(catalogue: dict[str, str]) -> None:
    assert [text for key, text in catalogue.items() if re.search(r"\d", re.sub(r"\{\w+\}", "", text))] == []


def test_no_template_holds_a_typed_number() -> None:
    for template in templates_folder().glob("*.j2"):
        text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", "", template.read_text(), flags=re.S)
        shown = re.sub(r"<style>.*?</style>|<[^>]*>", "", text, flags=re.S)
        assert not re.search(r"\d", shown), template.name


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
