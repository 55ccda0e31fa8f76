"""Renders made-up findings without writing a file."""

from __future__ import annotations

from collections.abc import Iterable

from bench.languages import Language
from bench.report.build import build
from bench.report.document import Block, Cell, Document, Figure, Heading, Items, Rich, Section, Table, Text, blocks_of
from bench.report.draw.claim_figure import claim_pictures
from bench.report.findings import Findings
from bench.report.render import html
from bench.report.render.base import plain
from bench.report.render.numbering import Numbering
from bench.report.section import Page
from bench.tracking import RunAddresses

LANGUAGES = ("en", "zh")


def page_of(findings: Findings, words: Language, addresses: RunAddresses | None = None) -> Page:
    """What sections are made from."""
    return Page(findings, words, addresses, lambda: claim_pictures(findings, Page(findings, words).verdicts))


def document(findings: Findings, words: Language, addresses: RunAddresses | None = None) -> Document:
    """The document, all of whose sections could be made."""
    made, broken = build(page_of(findings, words, addresses))
    assert not broken, broken[0].trace
    return made


def page(findings: Findings, words: Language, addresses: RunAddresses | None = None) -> str:
    """The HTML page."""
    made = document(findings, words, addresses)
    return html.page(made, words, Numbering(made))


def texts(blocks: Iterable[Block], words: Language) -> list[str]:
    """The text of paragraphs, items and cells, one after the other."""
    blocks = tuple(blocks)
    numbering = Numbering(Document("", "", "", (), (Section("s", "", blocks),)))
    found: list[Rich] = []
    for block in blocks_of(blocks):
        match block:
            case Text() | Heading():
                found.append(block.text)
            case Items():
                found += block.items
            case Table():
                found += [block.caption, *(cell for group in block.groups for row in group.rows for cell in row.cells)]
            case Figure():
                found.append(block.caption)
    return [plain(one.text if isinstance(one, Cell) else one, numbering, words) for one in found]
