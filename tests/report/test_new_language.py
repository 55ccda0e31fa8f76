"""Adding a language touches its own folder alone."""

from __future__ import annotations

import html
from pathlib import Path

import pytest

from bench.languages import language
from bench.languages.check import complaints, marked
from bench.report import write_report
from bench.testing.made_up import SmallStore

RULES = "name: Français\nlocale: fr_FR\ncolon: ' : '\n"
MESSAGES = r"""
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\n"

msgid "The answer"
msgstr "La réponse"

msgid "lag {lag}"
msgstr "délai {lag}"

msgid "Clipping"
msgstr "Écrêtage"

msgid "{page} of {pages}"
msgstr "{page} sur {pages}"
"""


@pytest.fixture
def french(tmp_path: Path) -> Path:
    """The folder of a made-up French."""
    folder = tmp_path / "fr"
    folder.mkdir()
    (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    (folder / "messages.po").write_text(MESSAGES, encoding="utf-8")
    return folder


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_report_is_written_in_it_and_what_it_lacks_in_english(
    little: SmallStore, french: Path, tmp_path: Path, jobs: int
) -> None:
    write_report(little, tmp_path / "report", [str(french)], jobs=jobs, only=["html", "md"])
    content = html.unescape((tmp_path / "report" / "report.fr.html").read_text(encoding="utf-8"))
    assert '<html lang="fr-FR">' in content
    assert "<h2>La réponse</h2>" in content
    assert ">délai 20</th>" in content
    assert '" sur " counter(pages)' in content
    assert "<h2>The rules of the trial</h2>" in content
    drawn = "".join(f.read_text(encoding="utf-8") for f in (tmp_path / "report" / "figures" / "fr").iterdir())
    assert "Écrêtage" in drawn, "families stand in figures"
    assert "## La réponse" in (tmp_path / "report" / "report.fr.md").read_text(encoding="utf-8")


def test_the_check_lists_what_it_lacks(french: Path) -> None:
    said = complaints(language(str(french)), marked())
    assert any("'The rules of the trial' is not translated." in line for line in said)
    assert not any("'The answer' is" in line or line.endswith("but never used.") for line in said)
