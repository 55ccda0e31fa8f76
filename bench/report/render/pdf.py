"""A report's page on paper: a tagged PDF, without what only a screen can show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element

from bench.errors import BenchError
from bench.languages import Language
from bench.report.document import Document
from bench.report.draw.fonts import can_set
from bench.report.render.base import Format
from bench.report.render.beside import Beside
from bench.report.render.html import page
from bench.report.render.numbering import Numbering

if TYPE_CHECKING:
    from weasyprint import Document as Laid

SYSTEM_PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
SCREEN_ONLY = "screen-only"
"""The class of what is left out."""
SCREEN_LINK = "origin"
"""The class of links that lead to what is left out: their words stay."""
SCOPES = {"col": "/Column", "row": "/Row", "rowgroup": "/Row"}
"""The scope of a head in a PDF, by its scope in HTML: one that spans the rows of a group is the head of each."""


def pdf(document: Document, words: Language, numbering: Numbering, beside: Beside) -> bytes:
    """The document's HTML page as a tagged PDF. Raises BenchError if Pango or a font for the language is missing."""
    if not can_set(words):
        package = words.rules.font_package
        advice = f": apt-get install {package} (or any other font that has them)" if package else ""
        raise BenchError(f"no installed font has the characters of the language '{words.code}'{advice}.")
    return printed(page(document, words, numbering, beside))


FORMAT = Format("pdf", "pdf", pdf)


def printed(html: str) -> bytes:
    """An HTML page as a tagged PDF (PDF/UA-1); raises BenchError if Pango is missing."""
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except OSError as error:
        raise BenchError(f"WeasyPrint does not find Pango ({error}): apt-get install {SYSTEM_PACKAGES}.") from error
    document = HTML(string=html, url_fetcher=URLFetcher(allowed_protocols={"data"}))
    _strip(document.etree_element)
    places = {element.get("id") for element in document.etree_element.iter()}
    for link in list(document.etree_element.iter("a")):
        _flatten(link)
        lost = link.get("href", "").startswith("#") and link.get("href", "")[1:] not in places
        if lost or SCREEN_LINK in link.get("class", "").split():
            link.tag = "span"
            del link.attrib["href"]
            link.set("class", link.get("class", "").replace("page", ""))
    return document.write_pdf(pdf_variant="pdf/ua-1", finisher=_say_scopes)


def _say_scopes(laid: Laid, _: Any) -> None:
    """Give each head of a table its scope, as PDF/UA asks.

    WeasyPrint links cells to heads by ids instead, but not the cells below in a head's group, and without the tree of
    ids that a reader needs to follow them.
    """
    for sheet in laid.pages:
        for box in sheet._page_box.descendants():
            if box.element_tag not in ("td", "th") or not hasattr(box, "mark"):
                continue
            about = box.mark["A"]
            about.pop("Headers", None)
            box.mark.pop("ID", None)
            if box.element_tag == "th":
                about["Scope"] = SCOPES[box.element.get("scope")]


def _strip(element: Element) -> None:
    """Take out scripts and what is for screens: the print style would hide it, after the time it takes to lay out."""
    for child in list(element):
        if child.tag == "script" or SCREEN_ONLY in child.get("class", "").split():
            _close_gap(element, child)
            element.remove(child)
        else:
            _strip(child)


def _flatten(link: Element) -> None:
    """Take the words of a link out of their spans: WeasyPrint gives each span a link of its own, which has no tag."""
    for span in [child for child in link if child.tag == "span"]:
        span.tail = "".join(span.itertext()) + (span.tail or "")
        _close_gap(link, span)
        link.remove(span)


def _close_gap(parent: Element, child: Element) -> None:
    """The text behind an element stays where it was."""
    place = list(parent).index(child)
    if place:
        before = parent[place - 1]
        before.tail = (before.tail or "") + (child.tail or "")
    else:
        parent.text = (parent.text or "") + (child.tail or "")
