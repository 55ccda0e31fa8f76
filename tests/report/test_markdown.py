"""The report as Markdown: a further format is one renderer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.report import write_report
from bench.report.render.markdown import escaped
from bench.testing.made_up import SmallStore


@pytest.fixture(scope="module")
def written(store: SmallStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("markdown")
    write_report(store, folder, ["en"], only=["md"])
    return folder


def test_it_has_every_section_figure_and_table(written: Path) -> None:
    text = (written / "report.en.md").read_text(encoding="utf-8")
    assert text.startswith("# What helps against vanishing gradients?\n")
    for title in ("The answer", "The source's table, with evidence", "Gradient flow", "Was the trial fair?"):
        assert f"\n## {title}\n" in text
    assert "The runs behind the numbers" not in text, "it is for screens"
    pictures = re.findall(r"!\[[^\n]+\]\((figures/en/[^)]+)\)", text)
    assert pictures
    assert all((written / name).is_file() for name in pictures)
    assert {int(n) for n in re.findall(r"\*\*Figure (\d+)\.\*\*", text)} == {*range(1, len(pictures) + 1)}


def test_rows_have_as_many_cells_as_their_table_has_columns(written: Path) -> None:
    text = (written / "report.en.md").read_text(encoding="utf-8")
    tables = re.findall(r"(?:^\|.*\|$\n?)+", text, re.M)
    assert len(tables) > 10
    for table in tables:
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.strip().split("\n")}
        assert len(widths) == 1, table[:200]


def test_links_lead_to_places_that_there_are(written: Path) -> None:
    text = (written / "report.en.md").read_text(encoding="utf-8")
    places = set(re.findall(r'<a id="([^"]+)"></a>', text))
    inside = set(re.findall(r"\]\(#([^)]+)\)", text))
    assert inside
    assert inside <= places


def test_names_are_text_and_no_markdown() -> None:
    assert escaped("*a* | [b](c) <d> `e` _f_") == r"\*a\* \| \[b\](c) \<d\> \`e\` \_f\_"
    assert escaped("- a\n# b\n1. c") == "\\- a\n\\# b\n1\\. c"
    assert escaped("a-b #3 1.5") == "a-b #3 1.5"


def test_an_unknown_format_is_refused_before_anything_is_written(store: SmallStore, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="format 'docx': choose from html, md, pdf"):
        write_report(store, tmp_path, only=["docx"])
    assert list(tmp_path.iterdir()) == []
