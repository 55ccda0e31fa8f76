"""The source's table: its own words, a verdict behind each, and no claim left out."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path

import pytest
from rendering import LANGUAGES

from bench.evidence.claims import source_claims
from bench.evidence.source import claims_of, load_statements
from bench.languages import language as language_of
from bench.report.document import Cell, Chip, Group, Lines, Rich, Styled, Table
from bench.report.findings import Findings
from bench.report.section import Page
from bench.report.sections.source import Source


@pytest.fixture(scope="module")
def table(all_judged: Findings) -> Table:
    page = Page(all_judged, language_of("en"))
    (found,) = [block for block in Source(page).blocks() if isinstance(block, Table)]
    return found


def chips(text: Rich | Cell) -> Iterator[tuple[str, bool]]:
    """The claims whose verdicts stand in a text, each with whether its reason stands behind it."""
    match text:
        case Cell():
            yield from chips(text.text)
        case Lines():
            for line in text.lines:
                yield from chips(line.text)
        case Styled(style="found"):
            reasoned = isinstance(text.text, tuple)
            (chip,) = [part for part in (text.text if reasoned else (text.text,)) if isinstance(part, Chip)]
            yield chip.claim, reasoned
        case tuple():
            for part in text:
                yield from chips(part)


def of_group(group: Group) -> list[tuple[str, bool]]:
    return [found for row in group.rows for cell in row.cells for found in chips(cell)]


def test_every_claim_stands_in_the_table_or_beneath_it(table: Table) -> None:
    remedies, outside = ([g for g in table.groups if (g.kind == "outside") == beneath] for beneath in (False, True))
    inside = {claim for group in remedies for claim, _ in of_group(group)}
    beneath = {claim for group in outside for claim, _ in of_group(group)}
    assert inside | beneath == {claim.id for claim in source_claims()}
    assert not inside & beneath


def test_a_reason_is_told_once_in_a_row(table: Table) -> None:
    for group, known in zip(table.groups, ("gated", "relu", "clipping", "residual", "truncated"), strict=False):
        reasons = [claim for claim, reasoned in of_group(group) if reasoned]
        assert len(reasons) == len(set(reasons)) == len(claims_of(known))


def test_the_outlook_comes_first(table: Table) -> None:
    heads = [group.rows[0].cells[0].text for group in table.groups if group.kind == "outside"]
    assert heads == ["The page's outlook", "The problem", "Its code", "Its conclusion"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_nothing_tests_is_said(rendered: Path, language: str) -> None:
    content = html.unescape((rendered / f"report.{language}.html").read_text(encoding="utf-8"))
    gaps = [gap for statement in load_statements() if (gap := statement.gap(language_of(language)))]
    assert gaps
    assert all(gap in content for gap in gaps)
