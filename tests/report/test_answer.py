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
from rendering import LANGUAGES, page, texts
from weasyprint import HTML

from bench.evidence.advice import Rule
from bench.evidence.claims import source_claims
from bench.evidence.source import load_rows
from bench.languages import language as language_of
from bench.records.cell import SettingKey
from bench.report import findings as findings_module
from bench.report.decisions import MOST_RULES
from bench.report.document import Document, Items
from bench.report.draw.canvas import spread
from bench.report.draw.frontier import frontier, short_name
from bench.report.findings import Findings, gather
from bench.report.reached import Reached
from bench.report.render import html
from bench.report.render.numbering import Numbering
from bench.report.section import Page
from bench.report.sections.answer import Answer, distance
from bench.report.sentences import Sentences
from bench.techniques import techniques
from bench.testing.made_up import SmallStore


def answer_of(findings: Findings, language: str = "en") -> Answer:
    return Answer(Page(findings, language_of(language)))


def first_pages(findings: Findings, language: str) -> list[str]:
    """What stands on the pages of the answer alone."""
    words = language_of(language)
    alone = Document("", "", "", (), tuple(Answer(Page(findings, words)).sections()))
    whole = html.page(alone, words, Numbering(alone))
    bare = re.sub(r"<header.*</nav>", "", whole, flags=re.DOTALL)
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


def all_rules(findings: Findings) -> list[Rule]:
    """Of every task, also those that the page has no room for."""
    return [rule for task in findings.tasks for rule in findings.rules(task)]


# What it says


def test_the_lead_names_who_gets_further_and_who_does_not(small: Findings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Findings, "gains", lambda self: {"gru": {"adding", "copy"}, "relu": {"adding"}})
    first, second = answer_of(small)._lead()
    assert first == (
        "Longer dependencies than with the plain tanh RNN, the baseline, are learned with LSTM / GRU (2 of 2 tasks) "
        "and ReLU activation (1 of 2 tasks); of gradient clipping and truncated BPTT this could not be shown."
    )
    assert second.startswith("On every task they are learned with GRU, at ")
    monkeypatch.setattr(Findings, "gains", lambda self: {})
    first, second = answer_of(small)._lead()
    assert first.startswith("No remedy of the source's table")
    assert second.startswith("Nothing that was measured")
    others = small.table[small.table["technique"] != "tanh"]
    assert list(answer_of(replace(small, table=others))._lead()) == [
        "The baseline has not been measured yet, so that nothing can be compared with it."
    ]


def test_a_rule_says_what_solving_costs_and_how_sure_that_is(small: Findings) -> None:
    cells = small.table[(small.table["task"] == "adding") & (small.table["lag"] == 20)].copy()
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
    costs = small.scope.costs.assign(round_ratios="[]", time_ratio=2.2)
    costs.loc[costs["technique"] == "tanh", "time_ratio"] = 1.1  # timed against itself
    findings = replace(small, table=cells, scope=replace(small.scope, costs=costs), reached={})
    priced = answer_of(findings)
    assert said(priced) == ["Adding", "20", "0/20", "GRU 20/20, firm price 800 ≈ 400 updates × 2.0", "the same"]
    assert "cheapest GRU (price 800 ≈ 400 updates × 2.0)" in priced._cost_alt()
    nobody = cells.assign(solved=cells["solved"].clip(upper=3))
    assert said(answer_of(replace(findings, table=nobody)))[3] == "none; nearest: GRU, 3/20 (firm)"
    nothing = replace(findings, table=nobody.assign(solved=0))
    assert said(answer_of(nothing))[3] == "none: at best GRU, 0/20 (firm)"
    came = {"gru": Reached("gru", "adding", 20, 0.0512, True), "tanh": Reached("tanh", "adding", 20, 0.166, False)}
    reached = replace(nothing, reached={SettingKey(name, "adding", 20): one for name, one in came.items()})
    shown = said(answer_of(reached))
    assert shown[2:4] == ["0/20 0.17", "none: at best GRU, 0/20 at 0.051, still improving (firm)"]


def said(answer: Answer) -> list[str]:
    """The cells of the decision table."""
    table = answer._decisions.table()
    assert table is not None
    return texts([table], answer.words)[1:]


def test_of_each_remedy_the_clearest_decided_claim_is_told(all_judged: Findings) -> None:
    findings, answer = all_judged, answer_of(all_judged)
    shown = remedies(answer)
    assert [text.partition(":")[0] for text in shown] == [row.called(answer.words) for row in load_rows()]
    for text in shown:
        if not re.search("none of its claims", text):
            (claim,) = [claim for claim in findings.verdicts if f" {claim.claim} " in text]
            assert claim.verdict in ("supported", "contradicted", "practically equal")
            assert answer.page.verdicts.effect(claim) in text
    undecided = [replace(claim, verdict="undecided", needed_n=n) for n, claim in enumerate(findings.verdicts, start=40)]
    first = min(int(claim.claim[1:]) for claim in undecided if claim.claim in ("S06", "S07", "S08", "S09", "S10"))
    text = remedies(answer_of(replace(findings, verdicts=undecided)))[0]
    assert text.endswith(f": none of its claims is decided; S{first:02d} is nearest, with about {first + 39} seeds.")
    nothing = [replace(claim, verdict="not run", needed_n=None) for claim in findings.verdicts]
    for text in remedies(answer_of(replace(findings, verdicts=nothing))):
        assert text.endswith(": none of its claims could be tested with what is stored.")


def remedies(answer: Answer) -> list[str]:
    """What is said of each remedy of the source's table."""
    (found,) = [block for block in answer.blocks() if isinstance(block, Items)]
    return texts([found], answer.words)


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
    asked = source_claims()[5].parts[1].model_copy(update={"kind": "score", "margin": 0.1, "direction": direction})
    claim = replace(small.verdicts[0], asked=asked, verdict=verdict, effect=(low + high) / 2, low=low, high=high)
    assert distance(claim) == pytest.approx(margins)


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


# The figure


def test_there_is_no_figure_where_nothing_was_solved(small: Findings) -> None:
    say = Sentences(small, language_of("en"))
    assert frontier(small, say, "an alternative text") is not None
    assert frontier(replace(small, table=small.table.assign(solved=0)), say, "an alternative text") is None


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
    more = dict.fromkeys(("temporal-order-3", "digits", "digits-permuted"), whole.TASKS["adding"])
    names = ("tanh", "gru", "lstm", "relu", "orthogonal", "clip-norm", "residual-time", "lstm-clip-norm", "tbptt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole, "TASKS", whole.TASKS | more)
        patch.setattr(whole, "HORIZON", {name: lags * 2 for name, lags in whole.HORIZON.items()})
        patch.setattr(findings_module, "judge", make_verdicts)
        yield gather(whole_study(seeds=1, tasks=tuple(whole.TASKS), techniques=names))


@pytest.mark.parametrize("language", LANGUAGES)
def test_many_tasks_and_claims_still_make_one_page(large: Findings, language: str) -> None:
    answer = answer_of(large, language)
    table = answer._decisions.table()
    assert table is not None
    rows = sum(len(group.rows) for group in table.groups)
    assert len(large.scope.tasks) <= rows <= MOST_RULES
    cut = len(all_rules(large)) - rows
    more = "Rules left out here, for shorter lags: {count}; see the tasks."
    assert table.caption.endswith(answer.words(more, count=cut))
    (text,) = first_pages(large, language)
    assert language_of(language)("Of everything measured") in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_opens_with_it(rendered: Path, language: str) -> None:
    words, reader = language_of(language), PdfReader(rendered / f"report.{language}.pdf")
    squeezed = ["".join(sheet.extract_text().split()) for sheet in reader.pages[:6]]
    start, end = ("".join(words(text).split()) for text in ("Of everything measured", "price of solving"))
    (first,) = [i for i, text in enumerate(squeezed) if start in text and end in text]
    assert "".join(words("The source's table, with evidence").split()) in squeezed[first + 1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_technique_is_cut_short_beside_the_figure(language: str) -> None:
    words = language_of(language)
    shown = {name: short_name(words.name(cls.title)) for name, cls in techniques.all().items()}
    assert len(set(shown.values())) == len(shown)
    assert not [text for text in shown.values() if "…" in text]
