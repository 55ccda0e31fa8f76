"""The source's table: its own words, a verdict behind each, and no claim left out."""

from __future__ import annotations

import html
from pathlib import Path

import pytest
from fake_store import FakeStore
from fake_verdicts import make_verdicts

from bench.evidence.claims import source_claims
from bench.evidence.source import claims_of, load_statements
from bench.languages import language
from bench.reporting import findings as findings_module
from bench.reporting.catalogue import LANGUAGES, Catalogue
from bench.reporting.claims import Claims
from bench.reporting.findings import gather
from bench.reporting.sentences import Sentences
from bench.reporting.source_table import SourceTable


@pytest.fixture(scope="module")
def table(store: FakeStore) -> SourceTable:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(findings_module, "judge", make_verdicts)
        return SourceTable(Claims(Sentences(gather(store), Catalogue("en"))))


def test_every_claim_stands_in_the_table_or_beneath_it(table: SourceTable) -> None:
    inside = {
        e.claim.claim for row in table.rows() for cell in row.cells.values() for said in cell for e in said.evidence
    }
    beside = {e.claim.claim for row in table.rows() for e in row.beside}
    outside = {found.evidence.claim.claim for _, several in table.outside() for found in several}
    assert inside | beside | outside == {claim.id for claim in source_claims()}
    assert not inside & outside
    assert not inside & beside


def test_a_reason_is_told_once_in_a_row(table: SourceTable) -> None:
    for row, known in zip(table.rows(), ("gated", "relu", "clipping", "residual", "truncated"), strict=True):
        evidence = [e for cell in row.cells.values() for said in cell for e in said.evidence] + row.beside
        reasons = [e.reason for e in evidence if e.reason]
        assert len(reasons) == len(set(reasons)) == len(claims_of(known))


def test_the_outlook_comes_first_and_names_what_was_measured(table: SourceTable) -> None:
    places = [place for place, _ in table.outside()]
    assert places == ["outlook", "problem", "code", "conclusion"]


@pytest.mark.parametrize("code", LANGUAGES)
def test_what_nothing_tests_is_said(rendered: Path, code: str) -> None:
    content = html.unescape((rendered / f"report.{code}.html").read_text(encoding="utf-8"))
    gaps = [gap for statement in load_statements() if (gap := statement.gap(language(code)))]
    assert gaps
    assert all(gap in content for gap in gaps)
