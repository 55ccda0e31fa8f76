"""The files of a report: what is in them, and that they come out the same every time."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path

import pytest
from made_up.verdicts import make_all
from made_up.whole import RULES, whole_study
from pypdf import PdfReader
from rendering import LANGUAGES, page

from bench.errors import BenchError
from bench.evidence.source import COLUMNS, load_rows
from bench.languages import language as language_of
from bench.records.own_classes import own_word
from bench.records.spec import Spec
from bench.report import write_report
from bench.report.findings import gather
from bench.report.render import pdf
from bench.report.sections import in_order
from bench.testing.made_up import SmallStore

SECTIONS = (
    *("summary", "choice", "engineer", "source", "claims", "flow", "arms"),
    *("fairness", "gaps", "rules", "provenance", "glossary"),
)


def text_of(folder: Path, language: str) -> str:
    return (folder / f"report.{language}.html").read_text(encoding="utf-8")


def pages_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.glob("report.*"))


def test_writes_four_pages_into_the_folder_itself(rendered: Path) -> None:
    assert pages_in(rendered) == ["report.en.html", "report.en.pdf", "report.zh.html", "report.zh.pdf"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_section_has_its_title(rendered: Path, language: str) -> None:
    words, content = language_of(language), text_of(rendered, language)
    at_times = ("tasks", "history", "further-claims", "longer", "published", "stale")
    always = [section for section in in_order() if section.name not in at_times]
    assert len(always) > 10
    for section in always:
        assert re.search(rf'<section[^>]* id="{section.name}">', content)
        assert f"<h2>{words(section.title)}</h2>" in html.unescape(content)


@pytest.mark.parametrize("language", LANGUAGES)
def test_shows_the_sources_own_words(rendered: Path, language: str) -> None:
    content = html.unescape(text_of(rendered, language))
    for row in load_rows():
        for statement in (part for cell in COLUMNS for part in row.statements(cell, language_of(language))):
            assert f">{statement.strip()}<" in content


def test_evidence_stands_beside_a_row_in_words(rendered: Path) -> None:
    content = text_of(rendered, "en")
    assert re.search(r"adding \d+: \d/3[^;]*? \(\d/3[^;]*\); order \d+: \d/3", content)


@pytest.mark.parametrize("language", LANGUAGES)
def test_html_needs_nothing_else(rendered: Path, language: str) -> None:
    content = text_of(rendered, language)
    loaded = re.findall(r"src=\"([^\"]*)\"|url\(([^)]*)\)|@import", content)
    assert loaded
    assert all(link.startswith("data:") for pair in loaded for link in pair if link)
    links = re.findall(r"href=\"([^\"]*)\"", content)
    assert all(link.startswith("#") or (rendered / link).is_file() for link in links)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_says_what_it_shows(store: SmallStore, rendered: Path, language: str) -> None:
    alts = re.findall(r'<img src="[^"]*" alt="([^"]*)"', text_of(rendered, language))
    claims = sum(any(part.verdict != "not run" for part in claim.parts) for claim in make_all(store))
    matrices = gather(store).matrices.values()
    names = [{Spec.base(technique.name) for technique in matrix.techniques} for matrix in matrices]
    main, others = names[0], set[str]().union(*names[1:]) - names[0]
    families = [{own_word("techniques", name, "family") for name in part} for part in (main, others)]
    # answer, what to use, claims, gradient flow of the main arm twice and of one at its start, what techniques of the
    # main arm and those of others alone are, tasks, the arm that was trained
    assert len(alts) == 2 + claims + 3 + sum(map(len, families)) + 4 * 2 + 1
    assert all(len(alt) > 10 for alt in alts)


@pytest.mark.parametrize(("language", "tag"), [("en", "en"), ("zh", "zh-CN")])
def test_pdf_is_tagged_and_carries_its_fonts(rendered: Path, language: str, tag: str) -> None:
    reader = PdfReader(rendered / f"report.{language}.pdf")
    root = reader.trailer["/Root"]
    assert root["/Lang"] == tag
    assert root["/MarkInfo"]["/Marked"]
    fonts = {font.get_object()["/BaseFont"]: font.get_object() for page in reader.pages
             for font in page["/Resources"].get("/Font", {}).values()}  # fmt: skip
    assert fonts
    for name, font in fonts.items():
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert {"/FontFile2", "/FontFile3"} & set(descriptor), f"{name} is not embedded"
        assert re.match(r"/[A-Z]{6}\+", name), f"{name} is not a subset"


@pytest.mark.parametrize("language", LANGUAGES)
def test_pdf_has_bookmarks_and_page_numbers(rendered: Path, language: str) -> None:
    words, reader = language_of(language), PdfReader(rendered / f"report.{language}.pdf")
    titles = [entry.title for entry in reader.outline if not isinstance(entry, list)]
    assert any(words("The answer") in title for title in titles)
    last = reader.pages[-1].extract_text()
    assert len(re.findall(rf"\b{len(reader.pages)}\b", last)) >= 2


def test_technique_names_and_reasons_are_text_never_markup(store: SmallStore) -> None:
    evil = "<script>alert(1)</script>"
    rows = [{**row, "technique": evil, "title": evil, "reason": evil, "outcome": "failed"}
            if row["technique"] == "relu" else row for row in store.rows]  # fmt: skip
    content = page(gather(replace(store, rows=rows, studies_=[])), language_of("en"))
    assert "alert(1)" in content
    assert evil not in content
    assert "&lt;script&gt;" in content


def test_partial_store_says_what_is_missing(tmp_path: Path) -> None:
    partial = whole_study(seeds=2, tasks=("adding", "copy"), techniques=("tanh", "lstm", "gru"), stop_after=3)
    content = page(gather(partial), language_of("en"))
    assert "This report is partial" in content
    assert "not yet run" in content
    assert "Nothing has been measured on this task yet." not in content
    only_first = whole_study(seeds=2, tasks=("adding", "copy"), techniques=("tanh",), stop_after=1)
    assert "Nothing has been measured on this task yet." in page(gather(only_first), language_of("en"))


def test_empty_store_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="holds no complete result"):
        write_report(SmallStore([]), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_store_without_studies_curves_or_costs_still_renders(store: SmallStore) -> None:
    content = page(gather(SmallStore(store.rows)), language_of("zh"))
    assert language_of("zh")("What to use, and what it costs") in content
    assert "-costs" not in content


def test_other_protocols_are_counted_and_named() -> None:
    now = whole_study(seeds=2, tasks=("adding",), techniques=("tanh", "lstm"))
    other = RULES.model_copy(update={"hidden_size": 32})
    before = whole_study(seeds=2, tasks=("adding",), techniques=("tanh", "lstm"), rules=other)
    both = replace(now, rows=before.rows + now.rows, studies_=before.studies_ + now.studies_)
    content = page(gather(both), language_of("en"))
    assert f"Left out: {len(before.rows)} runs on Adding (protocol {other.hash})" in content


def test_missing_pango_leaves_the_html_and_names_the_packages(
    little: SmallStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import builtins

    real = builtins.__import__

    def without_pango(name, *args, **kwargs):
        if name.startswith("weasyprint"):
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_pango)
    with pytest.raises(BenchError, match="apt-get install libpango"):
        write_report(little, tmp_path)
    assert pages_in(tmp_path) == ["report.en.html", "report.zh.html"]


def test_missing_chinese_font_leaves_everything_but_the_chinese_pdf(
    little: SmallStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "can_set", lambda words: words.code != "zh")
    with pytest.raises(BenchError, match="fonts-noto-cjk"):
        write_report(little, tmp_path, ["zh"])
    assert pages_in(tmp_path) == ["report.zh.html"]


def test_unwritable_output_is_one_clear_sentence(store: SmallStore, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(BenchError, match="Cannot write"):
        write_report(store, tmp_path / "taken", ["en"])


def test_unknown_language_is_refused_before_anything_is_written(store: SmallStore, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="language 'de'"):
        write_report(store, tmp_path, ["en", "de"])
    assert list(tmp_path.iterdir()) == []
