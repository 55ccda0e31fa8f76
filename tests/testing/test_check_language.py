"""The check of languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.languages import language
from bench.testing import check_language

RULES = "name: Français\nlocale: fr_FR\n"
HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'


@pytest.fixture
def folder(tmp_path: Path):
    """Writes a language's folder."""

    def make(messages: str, rules: str = RULES) -> Path:
        made = tmp_path / "fr"
        made.mkdir(exist_ok=True)
        (made / "rules.yaml").write_text(rules, encoding="utf-8")
        (made / "messages.po").write_text(HEADER + messages, encoding="utf-8")
        return made

    yield make
    language.cache_clear()


def test_what_comes_with_the_program_is_whole() -> None:
    check_language("en")


def test_a_language_that_is_begun(folder) -> None:
    begun = folder('msgid "The answer"\nmsgstr "La réponse"\n')
    check_language(begun, whole=False)
    with pytest.raises(AssertionError, match=r"\d+ faults in the language fr, such as: .* is not translated"):
        check_language(begun)


@pytest.mark.parametrize(
    ("messages", "rules", "said"),
    [
        ('msgid "No such text"\nmsgstr "Rien"\n', RULES, "'No such text' is translated but never used"),
        ('msgid "lag {lag}"\nmsgstr "délai {n}"\n', RULES, "has the placeholders {lag}, its translation {n}"),
        ("", "name: F\n", "locale: Field required"),
        ("nonsense", RULES, "cannot be read"),
    ],
)
def test_a_language_that_cannot_be(folder, messages: str, rules: str, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_language(folder(messages, rules), whole=False)
