"""A language is a folder: its rules, its translations, and what a check says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.languages import Message, language, language_names, words
from bench.languages.check import Marked, complaints, marked

RULES = "name: Français\nlocale: fr_FR\n"
HEADER = (
    'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: nplurals=2; plural=n>1;\\n"\n\n'
)
TRANSLATIONS = """
msgid "failed"
msgstr "échoué"

msgid "{n} seed"
msgid_plural "{n} seeds"
msgstr[0] "{n} graine"
msgstr[1] "{n} graines"

msgid "As claimed: {effect}."
msgstr "Comme affirmé : {effect}."

msgid "Rate"
msgstr "Taux"
"""


@pytest.fixture
def french(tmp_path: Path):
    """Writes a made-up French, and reads it."""

    def make(rules: str = RULES, translations: str = TRANSLATIONS):
        folder = tmp_path / "fr"
        folder.mkdir(exist_ok=True)
        (folder / "rules.yaml").write_text(rules, encoding="utf-8")
        (folder / "messages.po").write_text(HEADER + translations, encoding="utf-8")
        language.cache_clear()
        return language(f"{tmp_path}/fr")

    yield make
    language.cache_clear()


def test_text_is_put_into_the_language_and_filled(french):
    say = french()
    assert (say.code, say.tag, say.rules.name) == ("fr", "fr-FR", "Français")
    assert say("failed") == "échoué"
    assert say("As claimed: {effect}.", effect="0.3") == "Comme affirmé : 0.3."
    assert say("not translated {n}", n=3) == "not translated 3"


def test_a_gap_in_a_sentence_is_an_error():
    with pytest.raises(KeyError):
        language("en")("no run of {technique}")


def test_a_message_is_filled_with_messages(french):
    message = Message(words("As claimed: {effect}."), {"effect": Message("failed")})
    assert language("en")(message) == "As claimed: failed."
    assert french()(message) == "Comme affirmé : échoué."


def test_a_title_with_braces_of_its_own_stays_as_it_is(french):
    assert french().name("failed") == "échoué"
    assert french().name("{x} of 用GRU") == "{x} of 用GRU"


@pytest.mark.parametrize(
    ("n", "english", "said"), [(0, "seeds", "graine"), (1, "seed", "graine"), (2, "seeds", "graines")]
)
def test_a_number_has_its_plural(french, n, english, said):
    assert language("en").counted("{n} seed", "{n} seeds", n) == f"{n} {english}"
    assert french().counted("{n} seed", "{n} seeds", n) == f"{n} {said}"


def test_lists_and_sentences_stand_as_the_language_has_them(french):
    english, chinese = language("en"), language("zh")
    assert english.all_of(["a", "b", "c"]) == "a, b and c"
    assert french().all_of(["a", "b", "c"]) == "a, b et c"
    assert chinese.all_of(["甲", "乙", "丙"]) == "甲、乙和丙"
    assert english.all_of([]) == "" == chinese.joined("", "")
    assert english.joined("One.", "", "Two.") == "One. Two."
    assert chinese.joined("一。", "二。") == "一。二。"


def test_chinese_is_set_apart_from_letters_and_digits():
    assert language("zh")("用GRU训练3次") == "用 GRU 训练 3 次"
    assert language("en")("用GRU") == "用GRU"


def test_words_given_by_language_fall_back_to_english(french):
    assert french().of({"en": "Quick", "fr": "Rapide"}) == "Rapide"
    assert french().of({"en": "Quick", "zh": "快"}) == "Quick"
    assert french().of({"zh": "快"}) == "快"
    assert french().of({}) == ""


def test_languages_are_found_by_folder():
    assert language_names()[:1] == ["en"]
    assert set(language_names()) >= {"en", "zh"}
    assert language("zh").rules.fonts


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("name: F", "locale: Field required"),
        ("name: F\nlocale: tlh_KL", "'tlh_KL' is not a locale"),
        ("name: F\nlocale: fr\nfont: x", "font: Extra inputs"),
        ("name: [", "not valid YAML"),
    ],
)
def test_rules_that_cannot_be(french, rules, said):
    with pytest.raises(BenchError, match=said):
        french(rules)


def test_folders_and_translations_that_cannot_be(french, tmp_path):
    with pytest.raises(BenchError, match=f"choose from {', '.join(language_names())}, or"):
        language("xx")
    with pytest.raises(BenchError, match=r"has no rules\.yaml"):
        language(str(tmp_path))
    with pytest.raises(BenchError, match="cannot be read"):
        french(translations='msgid "a"\nnonsense\n')


def test_the_check_names_what_is_lacking_unused_and_unlike(french):
    texts = [Marked("failed", "a.py:1"), Marked("new", "b.py:2"), Marked("Rate", "c.py:3")]
    said = complaints(french(translations=TRANSLATIONS + '\nmsgid "{a} of {b}"\nmsgstr "{a} de {c}"\n'), texts)
    assert "b.py:2: 'new' is not translated." in said
    assert "'As claimed: {effect}.' is translated but never used." in said
    assert "'{a} of {b}' has the placeholders {a} and {b}, its translation {a} and {c}." in said
    assert not any("'failed'" in line or ("is not translated" in line and "Rate" in line) for line in said)


def test_marked_text_is_found_where_it_stands(tmp_path):
    file = tmp_path / "section.py"
    function = 'def f(self, words, x):\n    words("a " "b", n=1), self.words("d" if x else "e"), words(x)\n'
    file.write_text(f'TITLE = words("Failures")\n\n\n{function}')
    assert [(one.text, one.where) for one in marked([file])] == [
        ("Failures", "section.py:1"), ("a b", "section.py:5"), ("d", "section.py:5"), ("e", "section.py:5"),
    ]  # fmt: skip
