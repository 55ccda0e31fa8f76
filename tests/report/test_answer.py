"""The first page: what it says is reckoned from the results, and it fits on one page in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from made_up import whole
from made_up.verdicts import make_verdicts
from made_up.whole import whole_study
from pypdf import PdfReader
from rendering import LANGUAGES, page
from weasyprint import HTML

from bench.languages import language as language_of
from bench.report import findings as findings_module
from bench.report.build import build
from bench.report.decisions import MOST_RULES, Decisions
from bench.report.findings import Findings, gather
from bench.report.render import html
from bench.report.render.numbering import Numbering
from bench.report.section import Page
from bench.report.sections.answer import Answer
from bench.testing.made_up import SmallStore


def answer_of(findings: Findings, language: str = "en") -> Answer:
    return Answer(Page(findings, language_of(language)))


def first_pages(findings: Findings, language: str) -> list[str]:
    """What stands on the pages of the head and the answer alone."""
    words = language_of(language)
    made, _ = build(Page(findings, words))
    alone = replace(made, sections=made.sections[:1])
    whole = html.page(alone, words, Numbering(alone))
    bare = re.sub(r'<nav class="contents".*?</nav>', "", whole, flags=re.DOTALL)
    document = HTML(string=bare).render()
    return [
        "\n".join(box.text for box in page._page_box.descendants() if hasattr(box, "text")) for page in document.pages
    ]


@pytest.fixture(scope="module")
def small() -> Findings:
    """Two tasks; a few claims."""
    return gather(
        whole_study(seeds=3, tasks=("adding", "copy"), techniques=("tanh", "gru", "relu", "clip-norm", "tbptt"))
    )


# What it says


def test_what_is_missing_or_stale_is_said(small: Findings) -> None:
    assert list(answer_of(small)._notes()) == []
    partial_store = whole_study(seeds=2, tasks=("adding",), techniques=("tanh", "lstm"), stop_after=1)
    (note,) = answer_of(gather(partial_store))._notes()
    assert note.startswith("This report is partial: ")


def test_a_store_in_which_everything_is_stale_still_makes_a_report(store: SmallStore) -> None:
    rows = [{**row, "technique_hash": "0" * 12} for row in store.rows]
    findings = gather(replace(store, rows=rows))
    content = page(findings, language_of("en"))
    assert f"{len(rows):,} results in the store come from code that has changed since" in content
    assert "The baseline has not been measured yet, so that nothing can be compared with it." in content


# The page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_answer_is_one_page_of_the_pdf(small: Findings, language: str) -> None:
    assert len(first_pages(small, language)) == 1


@pytest.fixture(scope="module")
def large() -> Iterator[Findings]:
    """As many tasks as there are, all claims, and what makes rules long."""
    more = dict.fromkeys(("temporal-order-3", "digits", "digits-permuted"), whole.TASKS["adding"])
    names = ("tanh", "gru", "lstm", "relu", "orthogonal", "clip-norm", "residual-time", "lstm-clip-norm", "tbptt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole, "TASKS", whole.TASKS | more)
        patch.setattr(whole, "HORIZON", {name: lags * 2 for name, lags in whole.HORIZON.items()})
        patch.setattr(findings_module, "judge", make_verdicts)
        yield gather(whole_study(seeds=1, tasks=tuple(whole.TASKS), techniques=names))


@pytest.mark.parametrize("language", LANGUAGES)
def test_many_tasks_and_claims_still_make_one_page(large: Findings, language: str) -> None:
    (text,) = first_pages(large, language)
    assert language_of(language)("What all of this rests on, and what it cannot say") in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_rules_that_find_no_room_are_counted(large: Findings, language: str) -> None:
    words = language_of(language)
    table = Decisions(Page(large, words).say).table()
    assert table is not None
    rows = sum(len(group.rows) for group in table.groups)
    assert len(large.scope.tasks) <= rows <= MOST_RULES
    cut = sum(len(large.rules(task)) for task in large.tasks) - rows
    assert table.caption.endswith(words("Rules left out here, for shorter lags: {count}; see the tasks.", count=cut))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_opens_with_it(rendered: Path, language: str) -> None:
    words, reader = language_of(language), PdfReader(rendered / f"report.{language}.pdf")
    first, second = ("".join(sheet.extract_text().split()) for sheet in reader.pages[:2])
    for text in ("The answer", "What all of this rests on, and what it cannot say"):
        assert "".join(words(text).split()) in first
    for text in ("Contents", "Of everything measured", "price of solving"):
        assert "".join(words(text).split()) in second
