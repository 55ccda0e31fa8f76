"""The report's section on what changed: absent for one run, and right in both languages for several."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from made_up.snapshots import cell, claim, snapshot, speed
from made_up.whole import whole_study
from rendering import LANGUAGES, page

from bench.history import steps
from bench.languages import language as language_of
from bench.records.snapshot import Snapshot
from bench.report.findings import Findings, gather
from bench.testing.made_up import SmallStore

RATIOS = {"tanh": 2.0, "lstm": 3.1, "relu": 1.0, "clip-value": 1.1, "tbptt": 0.8}


def run(day: int) -> Snapshot:
    """Of a day in January; from the ninth the LSTM is slower, and the newest flips S06 and spoils the LSTM."""
    newest, slower = day == 12, day >= 9
    code = "lstm-3" if newest else "lstm-2" if slower else "lstm-1"
    verdict, data = ("undecided", "d2") if newest or day == 4 else ("supported", "d1")
    speeds = [
        speed(name, ratio * 1.4, seed=day, technique_hash=code)
        if name == "lstm" and slower
        else speed(name, ratio, seed=100 * day + number)
        for number, (name, ratio) in enumerate(RATIOS.items())
    ]
    lstm = cell("lstm", 0 if newest else 10, technique_hash=code)
    return snapshot(day, claims=(claim(verdict, "lstm", data=data),), cells=(lstm,), speeds=tuple(speeds))


@pytest.fixture(scope="module")
def several() -> SmallStore:
    """Twelve runs."""
    store = whole_study(seeds=2, tasks=("adding",), techniques=("tanh", "lstm"))
    store.snapshots_ = [run(day) for day in range(1, 13)]
    return store


@pytest.fixture(scope="module", autouse=True)
def _quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "PERMUTATIONS", 499)
        yield


@pytest.fixture(scope="module")
def found(several: SmallStore, _quick: None) -> Findings:
    return gather(several)


def section(content: str) -> str:
    (found,) = re.findall(r'<section[^>]* id="history">(.*?)</section>', content, re.DOTALL)
    return html.unescape(found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_changes_steps_and_earlier_flips_are_told(several, found, language):
    words = language_of(language)
    content = page(found, words)
    told = section(content)
    assert f'<a href="#history">{words("What changed")}</a>' in content
    cells = re.findall(r"<th scope=\"row\">([^<]*)</th>\s*<td[^>]*>([^<]*)</td>", told)
    verdict = words("{claim}: verdict", claim="S06")
    names = {v: words(v) for v in ("supported", "undecided")}
    turn = words("{before} → {after}", before=names["supported"], after=names["undecided"])
    assert cells[0] == (verdict, turn)
    lstm = several.members().query("technique == 'lstm'")["title"].iloc[0] if language == "en" else "LSTM"
    assert words("{technique}, {cell}: score", technique=lstm, cell=words("adding")) in [what for what, _ in cells]
    assert words("the code of {names} changed", before="", after="", names=lstm) in told
    assert words("Times of an update that took a lasting step.") in told
    assert words("Verdicts that changed in earlier runs.") in told
    assert "<img" in told


def test_one_run_has_no_section(several):
    one = replace(several, gradient_rows=[], probe_rows=[], snapshots_=[run(1)])
    content = page(gather(one), language_of("en"))
    assert "#history" not in content
    assert 'id="history"' not in content


def test_two_runs_without_a_change_say_so(several):
    two = replace(several, gradient_rows=[], probe_rows=[], snapshots_=[run(1), run(2)])
    told = section(page(gather(two), language_of("en")))
    assert language_of("en")("Nothing has changed significantly.") in told
    assert "<img" not in told
    assert "<table" not in told
