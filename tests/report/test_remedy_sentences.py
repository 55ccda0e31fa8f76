"""What the first page says of each remedy is reckoned from the results, and from verdicts."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from made_up.whole import whole_study
from rendering import texts

from bench.evidence.claims import source_claims
from bench.evidence.rates import Unlike
from bench.evidence.source import load_rows
from bench.languages import language as language_of
from bench.report.document import Items
from bench.report.findings import Findings, gather
from bench.report.remedies import Remedies, distance
from bench.report.section import Page


def remedies_of(findings: Findings, language: str = "en") -> Remedies:
    return Remedies(Page(findings, language_of(language)))


def said(findings: Findings) -> list[str]:
    """What is said of each remedy of the source's table."""
    found = remedies_of(findings)
    return texts([Items(tuple(found.items()))], found.words)


@pytest.fixture(scope="module")
def small() -> Findings:
    """Two tasks; a few claims."""
    return gather(
        whole_study(seeds=3, tasks=("adding", "copy"), techniques=("tanh", "gru", "relu", "clip-norm", "tbptt"))
    )


def test_the_lead_names_who_gets_further_and_who_does_not(small: Findings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Findings, "gains", {"gru": {"adding", "copy"}, "relu": {"adding"}})
    first, second, third = remedies_of(small).lead()
    assert first == (
        "Longer dependencies than with a plain tanh RNN were learned with LSTM / GRU (on 2 of 2 tasks) and ReLU "
        "activation (on 1 of 2 tasks)."
    )
    assert second == "For gradient clipping and truncated BPTT no such gain was shown."
    assert third.startswith("On every task it was so with GRU, at ")
    monkeypatch.setattr(Findings, "gains", {})
    first, second = remedies_of(small).lead()
    assert first == (
        "No longer dependencies than with a plain tanh RNN were shown for LSTM / GRU, ReLU activation, gradient "
        "clipping and truncated BPTT."
    )
    assert second == "No technique helped on all 2 tasks."
    others = small.table[small.table["technique"] != "tanh"]
    assert list(remedies_of(replace(small, table=others)).lead()) == [
        "The baseline has not been measured yet, so that nothing can be compared with it."
    ]


def test_a_remedy_that_helps_is_told_with_its_runs_and_the_baselines(
    small: Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Findings, "gains", {"gru": {"adding"}})
    monkeypatch.setattr(Findings, "losses", {})
    cells = small.table[small.table["task"] == "adding"].copy()
    lags = sorted(cells["lag"].unique())
    solves = (cells["technique"] == "gru") & (cells["lag"] <= lags[1])
    cells = cells.assign(runs=20, state="measured", solved=0).assign(solved=19 * solves, rate=0.95 * solves)
    known = replace(small, table=cells)
    own = said(known)
    assert f"a gain in lag on 1 of 1 tasks: GRU solves adding at lag {lags[1]} in 19 of 20 runs" in own[0]
    assert "(plain tanh: 0 of 20)" in own[0]
    spared = cells.assign(
        state=cells["state"].mask((cells["technique"] == "tanh") & (cells["lag"] > lags[0]), "ladder")
    )
    assert f"(plain tanh: 0 of 20 already at {lags[0]})" in said(replace(small, table=spared))[0]
    assert "no gain in lag on any task, as far as could be shown." in own[1]
    assert "not measured." in own[3], "no residual connection was run"


def test_of_each_remedy_the_clearest_decided_claims_are_told(all_judged: Findings) -> None:
    findings = all_judged
    names = [row.called(language_of("en")) for row in load_rows()]
    told = said(findings)
    assert [text.partition(":")[0] for text in told] == names
    for text in told:
        shown = [claim for claim in findings.verdicts if f" {claim.claim} " in text]
        assert len(shown) in (0, 1, 2)
        if any(claim.verdict == "undecided" for claim in shown):
            assert len(shown) == 1
    undecided = [replace(claim, verdict="undecided", needed_n=n) for n, claim in enumerate(findings.verdicts, start=40)]
    open_ones = replace(findings, verdicts=undecided)
    text = said(open_ones)[0]
    (shown,) = [claim for claim in undecided if f" {claim.claim} " in text]
    assert text.endswith(remedies_of(open_ones).page.verdicts.reason(shown)), "of which most parts hold, and why"
    nothing = [replace(claim, verdict="not run", effect=math.nan, needed_n=None) for claim in findings.verdicts]
    for text in said(replace(findings, verdicts=nothing)):
        assert text.endswith("None of the claims about it could be tested with what is stored.")


def test_where_a_remedy_does_worse_is_told_too(small: Findings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Findings, "gains", {})
    monkeypatch.setattr(Findings, "losses", {"relu": [("adding", 20)]})
    cells = small.table[small.table["task"] == "adding"].copy()
    known = {"tanh": 19, "relu": 2}
    cells = cells.assign(runs=20, state="measured", solved=[known.get(name, 0) for name in cells["technique"]])
    text = said(replace(small, table=cells))[1]
    assert "Worse than plain tanh: ReLU RNN on adding at lag 20 (2 of 20; plain tanh 19)." in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_rates_that_tuning_made_different_are_told_with_what_they_may_explain(
    all_judged: Findings, language: str
) -> None:
    """A claim is quoted on the first page with the deciding part alone."""
    claim = next(claim for claim in all_judged.verdicts if claim.claim == "S17")
    parts = tuple(replace(part, verdict="supported", unlike=Unlike(3, 0, 4)) for part in claim.parts)
    quoted = replace(claim, parts=parts, verdict="supported", effect=0.1, low=0.09, high=0.11)
    others = [replace(other, verdict="undecided") for other in all_judged.verdicts if other.claim != "S17"]
    found = remedies_of(replace(all_judged, verdicts=[*others, quoted]), language)
    told = texts([Items(tuple(found.items()))], found.words)[2]
    words = {"en": "smaller for clipping by norm than for tanh in 3 of 4 settings", "zh": "在 4 个设置中有 3 个"}
    assert words[language] in told
    assert found.page.verdicts.rates(parts[0]) in found.page.verdicts.reason(quoted)


def test_a_rate_is_told_as_a_factor_per_step(all_judged: Findings) -> None:
    findings = all_judged
    part = next(p for claim in findings.verdicts for p in claim.parts if p.unit == "nat/step")
    told = remedies_of(findings)._estimate(replace(part, effect=-0.1508, low=-0.16, high=-0.14))
    assert re.search(r": ×0\.86 per step \(0\.85 to 0\.87; ", told)


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
