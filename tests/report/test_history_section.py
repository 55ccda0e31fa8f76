"""The report's section on what changed: absent for one run, and right in both languages for several."""

from __future__ import annotations

import html
import re

import numpy as np
import pytest
from fake_store import FakeStore, make_store
from rendering import LANGUAGES, page

from bench.history import steps
from bench.languages import language as language_of
from bench.records.snapshot import CellState, ClaimState, Origin, PartState, Snapshot, SpeedState
from bench.report.findings import gather

ORIGIN = Origin(
    commit="a" * 40, dirty=False, bench="0.1.0", python="3.11.7", torch="2.13.0", lightning="2.6.6",
    platform="Linux", cpu="AMD EPYC 7B13", accelerator="cpu", threads=1,
)  # fmt: skip
RATIOS = {"tanh": 2.0, "lstm": 3.1, "relu": 1.0, "clip-value": 1.1, "tbptt": 0.8}


def run(day: int) -> Snapshot:
    """Of a day in January; from the ninth the LSTM is slower, and the newest flips S06 and spoils the LSTM."""
    rng, newest = np.random.default_rng(day), day == 12
    part = {"id": "lstm", "effect": 0.4, "low": 0.2, "high": 0.6, "p": 0.01, "n": 10}
    part |= {
        "verdict": "undecided" if newest or day == 4 else "supported",
        "data": "d2" if newest or day == 4 else "d1",
    }
    claim = {**part, "id": "S06", "unit": "", "test": "t", "uses": (("main", "lstm", "adding"),)}
    code = "lstm-3" if newest else "lstm-2" if day >= 9 else "lstm-1"
    cell = {
        "arm": "main", "technique": "lstm", "task": "adding", "lag": 20, "protocol": "p", "technique_hash": code,
        "task_hash": "a", "budget": 200, "origins": (0,), "seeds": tuple(range(1, 11)),
        "updates": (None,) * 10 if newest else (100,) * 10,
    }  # fmt: skip
    speeds = [
        SpeedState(
            technique=name, task="adding", lag=20, work="w", technique_hash=code if name == "lstm" else name,
            task_hash="a", milliseconds=(1.0,) * 5, loss=0.3,
            ratios=tuple(ratio * (1.4 if name == "lstm" and day >= 9 else 1) * np.exp(0.02 * rng.standard_normal(5))),
        )
        for name, ratio in RATIOS.items()
    ]  # fmt: skip
    return Snapshot(
        taken=f"2026-01-{day:02}T03:00:00+00:00", preset="nightly", judge="j", comparisons=80, origins=(ORIGIN,),
        claims=(ClaimState(**claim, parts=(PartState(**part),)),), cells=(CellState(**cell),), horizons=(),
        sampled=ORIGIN, speeds=tuple(speeds),
    )  # fmt: skip


@pytest.fixture(scope="module")
def several() -> FakeStore:
    """Twelve runs."""
    store = make_store(seeds=2, tasks=("adding",), techniques=("tanh", "lstm"))
    store.snapshot_list = [run(day) for day in range(1, 13)]
    return store


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(steps, "PERMUTATIONS", 499)


def section(content: str) -> str:
    return html.unescape(content.partition('<section id="history">')[2].partition("</section>")[0])


@pytest.mark.parametrize("language", LANGUAGES)
def test_changes_steps_and_earlier_flips_are_told(several, language):
    words = language_of(language)
    content = page(gather(several), words)
    told = section(content)
    assert f'<a href="#history">{words("What changed")}</a>' in content
    cells = re.findall(r"<th scope=\"row\">([^<]*)</th>\s*<td>([^<]*)</td>", told)
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
    one = FakeStore(several.member_rows, several.curve_rows, several.cost_rows, several.study_list)
    one.snapshot_list = [run(1)]
    content = page(gather(one), language_of("en"))
    assert "#history" not in content
    assert 'id="history"' not in content


def test_two_runs_without_a_change_say_so(several):
    two = FakeStore(several.member_rows, several.curve_rows, several.cost_rows, several.study_list)
    two.snapshot_list = [run(1), run(2)]
    told = section(page(gather(two), language_of("en")))
    assert language_of("en")("Nothing has changed significantly.") in told
    assert "<img" not in told
    assert "<table" not in told
