"""The brief report: the same answer on a few pages, which lead nowhere that they do not have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from made_up.verdicts import make_verdicts
from pypdf import PdfReader
from rendering import LANGUAGES

from bench.report import findings, write_report
from bench.report.sections import in_order
from bench.testing.made_up import SmallStore

MOST_PAGES = 8


@pytest.fixture(scope="module")
def brief(store: SmallStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A brief report of a store with all claims."""
    folder = tmp_path_factory.mktemp("brief")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(findings, "judge", make_verdicts)
        pages = write_report(store, folder, LANGUAGES, brief=True)
    assert [page.name for page in pages] == ["brief.en.html", "brief.en.pdf", "brief.zh.html", "brief.zh.pdf"]
    return folder


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_short_and_has_what_says_so(brief: Path, language: str) -> None:
    assert len(PdfReader(brief / f"brief.{language}.pdf").pages) <= MOST_PAGES
    html = (brief / f"brief.{language}.html").read_text(encoding="utf-8")
    assert re.findall(r'<section[^>]* id="([^"]*)"', html) == [cls.name for cls in in_order() if cls.brief]


@pytest.mark.parametrize("language", LANGUAGES)
def test_its_links_lead_to_what_it_has(brief: Path, language: str) -> None:
    html = (brief / f"brief.{language}.html").read_text(encoding="utf-8")
    places = set(re.findall(r' id="([^"]*)"', html))
    links = set(re.findall(r'href="#([^"]*)"', html))
    assert "summary" in places
    assert links <= places
