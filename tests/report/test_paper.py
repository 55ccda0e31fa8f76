"""The PDF: what a printed report needs, and what somebody needs who cannot see it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import page as validator
import pytest
from pypdf import PdfReader
from pypdf.generic import IndirectObject
from rendering import LANGUAGES

from bench.languages import language as language_of
from bench.report.sections.answer import Answer
from bench.report.sections.claims import Claims
from bench.report.sections.fairness import Fairness
from bench.report.sections.flow import Flow

MOST_BYTES = 5_000_000


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def pdf(rendered: Path, language: str) -> PdfReader:
    return PdfReader(rendered / f"report.{language}.pdf")


def elements(node: Any) -> Iterator[Any]:
    """The elements of a structure tree, from the root down."""
    node = node.get_object() if isinstance(node, IndirectObject) else node
    if isinstance(node, list):
        for kid in node:
            yield from elements(kid)
    elif isinstance(node, dict):
        if "/S" in node:
            yield node
        yield from elements(node.get("/K", []))


def test_it_conforms_to_pdf_ua(rendered: Path, language: str) -> None:
    report = validator.validate_pdf(rendered / f"report.{language}.pdf", profile="ua1")
    assert report.rules.total > 90
    assert report.is_compliant, {failure.message for failure in report.failures}


def test_every_figure_has_a_text_in_its_place(pdf: PdfReader, rendered: Path, language: str) -> None:
    html = (rendered / f"report.{language}.html").read_text(encoding="utf-8")
    texts = [e.get("/Alt") for e in elements(pdf.trailer["/Root"]["/StructTreeRoot"]) if e["/S"] == "/Figure"]
    body, _, appendix = html.partition('<section class="screen-only appendix"')
    assert len(texts) == body.count("<figure ") > 20
    assert appendix.count("<figure ") > 10
    assert all(texts)


def test_every_head_of_a_table_says_what_it_heads(pdf: PdfReader) -> None:
    tree = pdf.trailer["/Root"]["/StructTreeRoot"]
    cells = [e for e in elements(tree) if e["/S"] in ("/TH", "/TD")]
    heads = Counter(str(e["/A"].get("/Scope")) for e in cells if e["/S"] == "/TH")
    assert set(heads) == {"/Row", "/Column"}
    assert min(heads.values()) > 50
    assert "/IDTree" not in tree
    assert not [e for e in cells if "/ID" in e or "/Headers" in e["/A"]], "ids that no tree resolves"


def test_the_contents_name_the_right_pages(pdf: PdfReader) -> None:
    sheet = pdf.pages[1]
    names = {str(link.get_object()["/Dest"]) for link in sheet["/Annots"]} - {"table-1", "figure-2"}
    meant = [pdf.get_destination_page_number(pdf.named_destinations[name]) + 1 for name in names]
    shown = re.findall(r"\d+", sheet.extract_text(extraction_mode="layout"))
    assert {"summary", "claims", "provenance"} <= names
    assert not Counter(meant) - Counter(map(int, shown))


def test_bookmarks_lead_to_their_headings(pdf: PdfReader, language: str) -> None:
    words = language_of(language)
    found = {
        entry.title: pdf.get_destination_page_number(entry) for entry in pdf.outline if not isinstance(entry, list)
    }
    for section in (Answer, Claims, Flow, Fairness):
        title = next(title for title in found if words(section.title) in title)
        text = pdf.pages[found[title]].extract_text().replace("\n", "").replace(" ", "")
        assert words(section.title).replace(" ", "") in text


def test_pages_carry_the_running_heads(pdf: PdfReader, language: str) -> None:
    words = language_of(language)
    body = [sheet.extract_text() for sheet in pdf.pages[2:]]
    assert sum(words("What helps against vanishing gradients?") in text for text in body) == len(body)
    assert words("What helps against vanishing gradients?") in pdf.metadata.title


def test_it_says_what_it_is_and_is_small(pdf: PdfReader, rendered: Path, language: str) -> None:
    words = language_of(language)
    about = pdf.metadata
    assert (about.title, about.subject, about.author) == (
        words("What helps against vanishing gradients?"),
        words("The remedies of one comparison table for recurrent networks, measured under one protocol"),
        "bptt-bench",
    )
    assert about.creation_date is not None
    assert (rendered / f"report.{language}.pdf").stat().st_size < MOST_BYTES


def test_words_on_paper_point_at_figures_by_number(rendered: Path, language: str) -> None:
    html = (rendered / f"report.{language}.html").read_text(encoding="utf-8")
    numbers = [int(n) for n in re.findall(r'<figure id="figure-(\d+)"', html)]
    assert numbers == [*range(1, len(numbers) + 1)]
    pointed = re.findall(r'<a class="ref" href="#(figure|table)-(\d+)">([^<]*)</a>', html)
    assert {kind for kind, *_ in pointed} == {"figure", "table"}
    for kind, number, text in pointed:
        assert f'id="{kind}-{number}"' in html
        assert text == language_of(language)(f"{kind} {{number}}", number=number)
