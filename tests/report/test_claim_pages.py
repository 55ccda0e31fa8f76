"""The claims' pages: what stands on them, where links lead, and which figure decides."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure
from rendering import LANGUAGES

from bench.evidence.claims import Part, source_claims
from bench.evidence.verdicts import ClaimVerdict
from bench.languages import language as language_of
from bench.report.claim_pages import ClaimPages
from bench.report.draw.claim_figure import TALLEST, _panels
from bench.report.draw.forest import FARTHEST, RATIO, draw, in_margins, measured
from bench.report.draw.panels import Dial, Profiles, Strip
from bench.report.draw.style import house_style
from bench.report.findings import Findings
from bench.report.names import Names
from bench.report.section import Page
from bench.report.sections.tasks import Tasks
from bench.report.trail import MOST_SETTINGS, Trails
from bench.report.verdicts import VERDICTS, Verdicts


@pytest.fixture(scope="module")
def findings(all_judged: Findings) -> Findings:
    return all_judged


@pytest.fixture(scope="module")
def claims(findings: Findings) -> Verdicts:
    return Page(findings, language_of("en")).verdicts


def asking(kind: str, margin: float) -> Part:
    """A part that asks whether something is higher."""
    return source_claims()[5].parts[1].model_copy(update={"kind": kind, "margin": margin})


def article(folder: Path, language: str, claim: str) -> str:
    content = (folder / f"report.{language}.html").read_text(encoding="utf-8")
    return content.partition(f'<article class="claim" id="{claim}"')[2].partition("</article>")[0]


def test_the_alternative_text_tells_both_sides_of_the_figure(rendered: Path) -> None:
    told = 0
    for claim in source_claims():
        page = html.unescape(article(rendered, "en", claim.id))
        means = re.findall(r'<li data-at="\d+ \d+">([^<]*): mean (\S+) \(', page)
        alt = "".join(re.findall(r'<img [^>]*alt="([^"]*)"', page))
        assert ("Right, means over seeds: " in alt) == ("Right: " in page)
        assert all(f"{of}: {mean}" in alt for of, mean in means)
        told += len(means)
    assert told > 30


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_claim_has_a_page_with_its_verdict_in_words(findings: Findings, rendered: Path, language: str) -> None:
    verdicts = Page(findings, language_of(language)).verdicts
    for claim in findings.verdicts:
        page = html.unescape(article(rendered, language, claim.claim))
        assert verdicts.say.verdict(claim.verdict) in page.partition("</p>")[0]
        assert verdicts.reason(claim) in page
        for part in claim.parts:
            assert verdicts.label(part) in page
            assert verdicts.estimand(part) in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_link_leads_somewhere(rendered: Path, language: str) -> None:
    content = (rendered / f"report.{language}.html").read_text(encoding="utf-8")
    targets, links = set(re.findall(r'\bid="([^"]+)"', content)), re.findall(r'href="#([^"]+)"', content)
    assert {claim.id for claim in source_claims()} <= set(links) <= targets


def test_ids_are_used_once(rendered: Path) -> None:
    ids = re.findall(r'\bid="([^"]+)"', (rendered / "report.en.html").read_text(encoding="utf-8"))
    assert len(ids) == len(set(ids))


def test_chips_beside_the_sources_words_lead_to_the_claims(claims: Verdicts, rendered: Path) -> None:
    content = (rendered / "report.en.html").read_text(encoding="utf-8")
    statement = content.partition("<span>suits modelling long sequences</span>")[2].partition("</div>")[0]
    assert 'href="#S09"' in statement
    assert claims.say.verdict(claims.all[8].verdict) in statement
    other = content.partition("general tasks such as images")[2].partition("</div>")[0]
    assert 'class="untested"' in other


def test_the_summary_counts_every_claim_once(claims: Verdicts) -> None:
    tally = claims.tally()
    assert sum(tally.values()) == len(claims.all)
    assert list(tally) == [verdict for verdict in VERDICTS if verdict in {claim.verdict for claim in claims.all}]


def test_margins_compare_across_units(claims: Verdicts) -> None:
    known = claims.all[0]
    difference = in_margins(replace(known, asked=asking("score", 0.05), effect=0.1, low=-0.05, high=0.25))
    assert difference == pytest.approx((2, -1, 5))
    ratio = in_margins(replace(known, asked=asking("reach", 0.1), effect=1.1, low=1 / 1.1, high=1.21))
    assert ratio == pytest.approx((1, -1, 2))


@pytest.mark.parametrize(
    ("claim", "kinds"),
    [("S01", [Profiles]), ("S04", [Strip]), ("S11", [Profiles, Strip]), ("S10", [Strip] * 3), ("S18", [Dial])],
)
def test_the_figure_shows_what_the_effect_was_reckoned_from(findings: Findings, claim: str, kinds: list[type]) -> None:
    verdict = next(v for v in findings.verdicts if v.claim == claim)
    if not measured(verdict.parts):
        verdict = replace(verdict, parts=tuple(replace(part, effect=0.1) for part in verdict.parts))
    data = verdict.parts[-1].data
    if data.empty:
        rows = [("clip-norm", "adding", 20, 1, 0.5), ("clip-norm:threshold=0.1", "adding", 20, 1, 0.7)]
        data = pd.DataFrame(rows, columns=["technique", "task", "lag", "seed", "value"])
        verdict = replace(verdict, parts=tuple(replace(part, data=data) for part in verdict.parts))
    panels = _panels(findings, Names(findings, language_of("en")), measured(verdict.parts))
    assert [type(panel) for panel in panels] == kinds
    assert sum(panel.height for panel in panels) <= TALLEST


def test_a_trail_names_runs_and_counts_the_rest(findings: Findings, claims: Verdicts, rendered: Path) -> None:
    verdict = next(claim for claim in claims.all if len({run for part in claim.parts for run in part.runs}) > 60)
    trail = Trails(findings, None).trail(verdict)
    runs = {run for part in verdict.parts for run in part.runs}
    assert trail is not None
    assert trail.runs == len(runs)
    assert len(trail.steps) == MOST_SETTINGS
    members = findings.members[findings.members["mlflow_run_id"].isin(runs)]
    assert trail.settings == members["setting_hash"].nunique() > MOST_SETTINGS
    first = members.iloc[0]
    page = article(rendered, "en", verdict.claim)
    for text in (first["mlflow_run_id"][:8], first["setting_hash"], first["protocol_hash"], first["commit"][:8]):
        assert text in page
    assert f"bptt-bench/{first['task']}" in page
    assert f"{first['technique']}, lag {first['lag']}" in page


def test_an_undecided_claim_says_how_many_seeds_it_needs(claims: Verdicts, rendered: Path) -> None:
    undecided = next(claim for claim in claims.all if claim.verdict == "undecided")
    assert claims.needed(undecided) == "needs 1,234"
    assert "needs 1,234" in article(rendered, "en", undecided.claim)


def test_the_orthogonal_start_has_a_column_where_it_was_run(findings: Findings, claims: Verdicts) -> None:
    pages = ClaimPages(Page(findings, language_of("en")), claims)
    for claim in claims.all:
        parts = tuple(replace(part, orthogonal="not run") for part in claim.parts)
        without = pages._parts(replace(claim, parts=parts))
        held = pages._parts(replace(claim, parts=tuple(replace(part, orthogonal="holds") for part in parts)))
        if claims.run(claim):
            assert len(held.columns) == len(without.columns) + 1
        assert all(len(row.cells) == len(without.columns) for group in without.groups for row in group.rows)


def test_numbers_of_a_part(claims: Verdicts) -> None:
    known = replace(claims.all[0], asked=asking("score", 0.05))
    part = replace(known, effect=0.234, low=-0.0123, high=0.5, p=0.0412, n=12)
    assert (claims.effect(part), claims.interval(part)) == ("+0.23", "−0.012 to +0.5")
    assert (claims.margin(part), claims.p(part)) == ("±0.05", "0.041")
    assert claims.p(replace(part, p=0.00004)) == "< 0.001"
    assert claims.p(replace(part, p=None)) == "–"
    ratio = replace(part, asked=asking("reach", 0.1), effect=3.87, low=0.5, high=12.0)
    assert (claims.effect(ratio), claims.interval(ratio)) == ("3.9×", "0.50 to 12.0")
    assert claims.margin(ratio) == "0.91 to 1.10"
    counted = replace(ratio, effect=4.0, low=4.0, high=4.0, p=None, n=1)
    assert (claims.effect(counted), claims.interval(counted)) == ("4.0×", "")


def test_an_interval_without_an_end_has_a_place_on_an_axis(claims: Verdicts) -> None:
    """As of two rounds of timing on a busy machine."""
    part = next(part for claim in claims.all for part in claim.parts if part.unit == RATIO)
    with house_style():
        figure = Figure(figsize=(7, 3))
        draw(figure, 0.0, [replace(part, low=1e-300, high=1e300)], claims.say)
        (axes,) = figure.axes
        low, high = axes.get_xlim()
    assert low < 1 < high
    assert high / low < FARTHEST**3


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_time_is_told_stands_the_baseline_against_itself(
    findings: Findings, rendered: Path, language: str
) -> None:
    page = Page(findings, language_of(language))
    (floor,) = ClaimPages(page, page.verdicts).floors(by_id(findings, "S10"))
    assert "1.00" in floor
    assert "0.97–1.05" in floor
    assert floor in html.unescape(article(rendered, language, "S10"))
    assert page.words("Noise floor:") not in article(rendered, language, "S01")
    content = html.unescape((rendered / f"report.{language}.html").read_text(encoding="utf-8"))
    assert page.words(OWN_ROW) in content


OWN_ROW = (
    "The baseline's own row is the baseline timed against itself in the same way: the noise floor. A difference no "
    "larger than that means nothing."
)


def by_id(findings: Findings, claim: str) -> ClaimVerdict:
    return next(verdict for verdict in findings.verdicts if verdict.claim == claim)


def test_without_the_baseline_no_floor_is_told(findings: Findings) -> None:
    costs = findings.scope.costs
    others = replace(findings.scope, costs=costs[costs["technique"] != "tanh"])
    page = Page(replace(findings, scope=others), language_of("en"))
    assert ClaimPages(page, page.verdicts).floors(by_id(findings, "S10")) == []
    assert OWN_ROW not in Tasks(page)._costs_caption("adding")
