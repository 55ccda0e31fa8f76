"""The first page: what it says is reckoned from the results, and it fits on one page in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import fake_store
import pytest
from fake_store import FakeStore, make_store
from fake_verdicts import make_verdicts
from pypdf import PdfReader
from weasyprint import HTML

from bench import languages
from bench.evidence.advice import Rule, rules
from bench.evidence.source import load_rows
from bench.reporting import findings as findings_module
from bench.reporting import pages
from bench.reporting.answer import MOST_RULES, Answer, distance
from bench.reporting.canvas import spread
from bench.reporting.catalogue import LANGUAGES, Catalogue
from bench.reporting.claims import Claims
from bench.reporting.findings import Findings, gather
from bench.reporting.frontier import frontier, short_name
from bench.reporting.sentences import Sentences
from bench.reporting.source_table import SourceTable
from bench.reporting.style import Picture
from bench.techniques import techniques


def answer_of(findings: Findings, language: str = "en") -> Answer:
    return Answer(Claims(Sentences(findings, Catalogue(language))))


def first_pages(findings: Findings, language: str) -> list[str]:
    """What stands on the pages of the answer alone, and on the first page behind it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "claim_figure", lambda *_: None)
        patch.setattr(Claims, "trail", lambda *_: None)
        patch.setattr(SourceTable, "rows", lambda *_: [])
        patch.setattr(SourceTable, "outside", lambda *_: [])
        patch.setattr(pages, "_flow_pictures", lambda *_: {})
        patch.setattr(pages, "_pictures", lambda *_: None)
        patch.setattr(pages.heatmap, "solve_rates", lambda *_: Picture("data:,", "stands for a figure", 1.0))
        html = pages.page(findings, Catalogue(language))
    section = re.search(r'<section id="summary">.*?</section>', html, flags=re.DOTALL)
    assert section
    bare = re.sub(r"<header.*</main>", lambda _: f"<main>{section[0]}</main>", html, flags=re.DOTALL)
    document = HTML(string=bare).render()
    return [
        "\n".join(box.text for box in page._page_box.descendants() if hasattr(box, "text")) for page in document.pages
    ]


@pytest.fixture(scope="module")
def small() -> Findings:
    """Two tasks; a few claims."""
    return gather(
        make_store(seeds=3, tasks=("adding", "copy"), techniques=("tanh", "gru", "relu", "clip-norm", "tbptt"))
    )


def all_rules(findings: Findings) -> list[Rule]:
    """Of every task, also those that the page has no room for."""
    tasks = findings.scope.tasks
    return [r for task in tasks for r in rules(findings.cells, findings.scope.costs, findings.remedies, task)]


# What it says


def test_the_lead_names_who_gets_further_and_who_does_not(small: Findings) -> None:
    horizons = small.horizons.copy()
    further = {("gru", "adding"): 200.0, ("gru", "copy"): 30.0, ("relu", "adding"): 50.0}
    horizons["horizon"] = [further.get(key, 10.0) for key in zip(horizons["technique"], horizons["task"], strict=True)]
    first, second = answer_of(replace(small, horizons=horizons)).lead()
    assert first == (
        "Longer dependencies than with the plain tanh RNN, the baseline, are learned with LSTM / GRU (2 of 2 tasks) "
        "and ReLU activation (1 of 2 tasks), but not with gradient clipping and truncated BPTT."
    )
    assert second.startswith("On every task they are learned with GRU, at ")
    horizons["horizon"] = 10.0
    first, second = answer_of(replace(small, horizons=horizons)).lead()
    assert first.startswith("With no remedy of the source's table")
    assert second.startswith("Nothing that was measured")
    others = horizons[horizons["technique"] != "tanh"]
    assert list(answer_of(replace(small, horizons=others)).lead()) == [Catalogue("en")("answer.no_baseline")]


def test_a_rule_says_what_solving_costs_and_how_sure_that_is(small: Findings) -> None:
    cells = small.cells[(small.cells["task"] == "adding") & (small.cells["lag"] == 20)].copy()
    known = {
        "tanh": (0, 2000.0),
        "gru": (20, 400.0),
        "relu": (17, 900.0),
        "clip-norm": (3, 1900.0),
        "tbptt": (0, 2000.0),
    }
    for column, place in (("solved", 0), ("restricted_mean", 1)):
        cells[column] = [known[name][place] for name in cells["technique"]]
    cells = cells.assign(runs=20, state="measured")
    costs = small.scope.costs.assign(time_ratio=2.0)
    told = answer_of(replace(small, cells=cells, scope=replace(small.scope, costs=costs)))
    rule = told.rules[0]
    assert (rule.task, rule.rows, rule.lags, rule.baseline) == ("Adding", 1, "20", "0/20")
    assert (rule.remedy.name, rule.remedy.solved, rule.remedy.near) == ("GRU", "20/20, firm", "")
    assert rule.remedy.price == "price 800 = 400 updates × 2.0"
    assert rule.same
    assert "cheapest GRU (price 800 = 400 updates × 2.0)" in told.cost_alt()
    nobody = cells.assign(solved=cells["solved"].clip(upper=3))
    rule = answer_of(replace(small, cells=nobody)).rules[0]
    assert rule.remedy.nothing == "none; nearest: GRU, 3/20 (firm)"
    assert not rule.remedy.name
    rule = answer_of(replace(small, cells=nobody.assign(solved=0))).rules[0]
    assert rule.remedy.nothing == "none: at best 0/20 (firm)"


def test_of_each_remedy_the_clearest_decided_claim_is_told(store: FakeStore) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(findings_module, "judge", make_verdicts)
        findings = gather(store)
    told = answer_of(findings)
    shown = told.told()
    assert [finding.row for finding in shown] == [row.called(languages.language("en")) for row in load_rows()]
    for finding in shown:
        if finding.claim is None:
            assert re.search("nothing is decided|none of its claims", finding.text)
        else:
            assert finding.claim.verdict in ("supported", "contradicted", "practically equal")
            assert told.claims.effect(finding.claim) in finding.text
    undecided = [replace(claim, verdict="undecided", needed_n=n) for n, claim in enumerate(findings.verdicts, start=40)]
    texts = [finding.text for finding in answer_of(replace(findings, verdicts=undecided)).told()]
    first = min(int(claim.claim[1:]) for claim in undecided if claim.claim in ("S06", "S07", "S08", "S09", "S10"))
    assert texts[0] == f"nothing is decided; S{first:02d} is nearest, with about {first + 39} seeds."
    nothing = [replace(claim, verdict="not run", needed_n=None) for claim in findings.verdicts]
    assert {f.text for f in answer_of(replace(findings, verdicts=nothing)).told()} == {told.words("answer.not_run")}


@pytest.mark.parametrize(
    ("direction", "verdict", "low", "high", "margins"),
    [
        ("higher", "supported", 0.3, 0.5, 3.0),
        ("lower", "supported", -0.5, -0.3, 3.0),
        ("higher", "contradicted", -0.5, -0.3, 3.0),
        ("higher", "practically equal", -0.02, 0.05, 0.5),
        ("equal", "supported", -0.02, 0.05, 0.5),
        ("equal", "contradicted", 0.3, 0.5, 2.0),
        ("not lower", "supported", -0.05, 0.2, 0.5),
        ("not lower", "contradicted", -0.5, -0.3, 2.0),
    ],
)
def test_distance_is_to_where_the_verdict_would_be_another(
    small: Findings, direction: str, verdict: str, low: float, high: float, margins: float
) -> None:
    changes = {"kind": "score", "direction": direction, "margin": 0.1}
    asked = small.verdicts[0].asked.model_copy(update=changes)
    claim = replace(small.verdicts[0], asked=asked, verdict=verdict, effect=(low + high) / 2, low=low, high=high)
    assert distance(claim) == pytest.approx(margins)


def test_what_is_missing_or_stale_is_said(small: Findings) -> None:
    assert list(answer_of(small).notes()) == []
    partial_store = make_store(seeds=2, tasks=("adding",), techniques=("tanh", "lstm"), stop_after=1)
    (note,) = answer_of(gather(partial_store)).notes()
    assert note.startswith("This report is partial: ")


def test_a_store_in_which_everything_is_stale_still_makes_a_report(store: FakeStore) -> None:
    rows = [{**row, "technique_hash": "0" * 12} for row in store.member_rows]
    findings = gather(FakeStore(rows, store.curve_rows, store.cost_rows, store.study_list))
    content = pages.page(findings, Catalogue("en"))
    assert f"{len(rows):,} results in the store come from code that has changed since" in content
    assert Catalogue("en")("answer.no_baseline") in content


# The figure


def test_there_is_no_figure_where_nothing_was_solved(small: Findings) -> None:
    say = Sentences(small, Catalogue("en"))
    assert frontier(small, say, "an alternative text") is not None
    assert frontier(replace(small, cells=small.cells.assign(solved=0)), say, "an alternative text") is None


def test_names_are_spread_no_further_than_needed() -> None:
    assert spread([0.0, 0.5, 1.0], 0.1, 1.0) == [0.0, 0.5, 1.0]
    assert spread([0.2, 0.2], 0.1, 1.0) == pytest.approx([0.2, 0.3])
    assert spread([0.9, 1.0, 1.0], 0.1, 1.0) == pytest.approx([0.8, 0.9, 1.0])
    assert spread([], 0.1, 1.0) == []


# The page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_answer_is_one_page_of_the_pdf(small: Findings, language: str) -> None:
    assert len(first_pages(small, language)) == 1


@pytest.fixture(scope="module")
def large() -> Iterator[Findings]:
    """As many tasks as there are, all claims, and what makes rules long."""
    more = dict.fromkeys(("temporal-order-3", "digits", "digits-permuted"), fake_store.TASKS["adding"])
    names = ("tanh", "gru", "lstm", "relu", "orthogonal", "clip-norm", "residual-time", "lstm-clip-norm", "tbptt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fake_store, "TASKS", fake_store.TASKS | more)
        patch.setattr(fake_store, "HORIZON", {name: lags * 2 for name, lags in fake_store.HORIZON.items()})
        patch.setattr(findings_module, "judge", make_verdicts)
        yield gather(make_store(seeds=1, tasks=tuple(fake_store.TASKS), techniques=names))


@pytest.mark.parametrize("language", LANGUAGES)
def test_many_tasks_and_claims_still_make_one_page(large: Findings, language: str) -> None:
    answer = answer_of(large, language)
    assert len(large.scope.tasks) <= len(answer.rules) <= MOST_RULES
    assert answer.rules_caption().endswith(
        answer.words("answer.rules_cut", count=len(all_rules(large)) - len(answer.rules))
    )
    (text,) = first_pages(large, language)
    assert Catalogue(language)("answer.of_all") in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_opens_with_it(rendered: Path, language: str) -> None:
    words, reader = Catalogue(language), PdfReader(rendered / f"report.{language}.pdf")
    squeezed = ["".join(sheet.extract_text().split()) for sheet in reader.pages[:6]]
    start, end = ("".join(words(key).split()) for key in ("answer.of_all", "answer.price_axis"))
    (first,) = [i for i, text in enumerate(squeezed) if start in text and end in text]
    assert "".join(words("source.title").split()) in squeezed[first + 1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_technique_is_cut_short_beside_the_figure(language: str) -> None:
    words = Catalogue(language)
    shown = {name: short_name(words.name("techniques", name)) for name in techniques.names()}
    assert len(set(shown.values())) == len(shown)
    assert not [text for text in shown.values() if "…" in text]
