"""Claims, estimands and sections of somebody's own stand in the report, whichever process writes it."""

from __future__ import annotations

import html
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import bench
from bench.cli.options import load_plugins
from bench.evidence.claims import book, further_claims
from bench.evidence.estimands import estimands
from bench.languages import language as language_of
from bench.report.claim_pages import ClaimPages
from bench.report.document import Card
from bench.report.findings import Findings, gather
from bench.report.section import Page
from bench.report.sections import sections
from bench.report.sections.claims import Claims
from bench.report.sections.further_claims import FurtherClaims
from bench.report.verdicts import Verdicts
from bench.testing.made_up import SmallStore

PLUGIN = '''
"""The half-life of the gradient, and a word on it."""
from bench.evidence.estimands import Estimand, Example, Panel, Scale
from bench.evidence.estimands.base import FACTOR
from bench.evidence.measuring.flow import probed
from bench.languages import words
from bench.report.document import Text
from bench.report.section import ReportSection


class HalfLife(Estimand):
    """Steps back in time in which the gradient halves."""

    name = "half-life"
    unit = FACTOR
    margin = 0.1
    scale = Scale.RATIO
    panel = Panel.PROFILE
    noun = words("half-life of the gradient, steps")
    says = words("steps in which the gradient halves, {technique} over {reference}, {moment}{where}")

    def measure(self, scope, technique, part):
        return probed(scope, technique, part, "half_life")

    def example(self, level, seed, cell, part):
        return Example(probe={"half_life": 10 * 2.0**level})


class Word(ReportSection):
    """A word."""

    name = "word"
    order = 46
    title = words("A word")

    def blocks(self):
        yield Text("Of my own.")
'''
CLAIMS = """
id: M1
says: the LSTM's gradient lives longer than plain tanh's
measure: steps in which the gradient halves
parts:
  - {id: half-life, label: half-life, kind: half-life, techniques: [lstm], references: [tanh], direction: higher}
"""
FAMILY = "mine.claims.yaml"


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The plugin, loaded as the command line does it; what it registers goes again."""
    for registry in (estimands, sections):
        monkeypatch.setattr(registry, "_found", dict(registry.built_in()))
    monkeypatch.setattr(book, "_plugins", {})
    (tmp_path / FAMILY).write_text(CLAIMS, encoding="utf-8")
    file = tmp_path / "mine.py"
    file.write_text(PLUGIN, encoding="utf-8")
    return file


def test_a_family_has_a_section_of_its_own(store: SmallStore, plugin: Path) -> None:
    load_plugins([plugin])
    findings = gather(store)
    page = Page(findings, language_of("en"))
    sections = list(FurtherClaims(page).sections())
    ours, section = (part for part in sections if not part.appendix)
    assert ours.title == "Beyond the source"
    assert section.title == f"Further claims: {FAMILY}"
    blocks = [block for part in sections if part.title.startswith(section.title) for block in part.blocks]
    assert [block.id for block in blocks if isinstance(block, Card)] == ["M1"]
    assert [verdict.claim for verdict in findings.all_verdicts][-1] == "M1"
    assert "M1" not in [verdict.claim for verdict in findings.verdicts]
    _, family = findings.others.values()
    assert family[0].comparisons <= 1, "corrected for its own comparison alone"
    pages = ClaimPages(page, Verdicts(page.say, family=family))
    assert pages.table("verdicts-1", "Claim").groups[0].rows[0].cells[1].startswith("The LSTM's gradient")


def test_without_a_plugin_there_are_our_own_further_claims_alone(findings: Findings) -> None:
    section, more = FurtherClaims(Page(findings, language_of("en"))).sections()
    assert [section.title, more.title] == ["Beyond the source", "Beyond the source: details"]
    _, table, *cards = section.blocks
    assert table.caption.startswith("Beyond the source: The verdicts.")
    cards += more.blocks
    assert sorted(card.id for card in cards) == [claim.id for claim in further_claims()]


def test_the_claims_figures_are_drawn_once_for_all_families(findings: Findings) -> None:
    drawn: list[dict] = []

    def draw() -> dict:
        drawn.append({})
        return drawn[-1]

    page = Page(findings, language_of("en"), claim_pictures=draw)
    for section in (Claims, FurtherClaims):
        assert list(section(page).sections())
    assert len(drawn) == 1


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from functools import partial
from made_up.verdicts import FEW, make_verdicts
from made_up.whole import whole_study
from bench.cli.options import load_plugins
from bench.report import findings, write_report
if __name__ == "__main__":
    findings.judge = partial(make_verdicts, claims=FEW)
    load_plugins([Path({plugin!r})])
    write_report(whole_study(2, ("adding",), ("tanh", "lstm")), Path({folder!r}), ["en", "zh"], jobs=2, only=["html"])
"""


def test_it_stands_in_every_language_whichever_process_writes_it(plugin: Path, tmp_path: Path) -> None:
    """A program of its own writes them: with two jobs one language is written by another process."""
    script, folder = tmp_path / "write.py", tmp_path / "report"
    script.write_text(SCRIPT.format(tests=str(Path(__file__).parents[1]), plugin=str(plugin), folder=str(folder)))
    where = {**os.environ, "PYTHONPATH": str(Path(bench.__file__).parents[1])}
    done = subprocess.run([sys.executable, str(script)], env=where, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for code, title in (("en", "Further claims: "), ("zh", "其他主张：")):
        content = html.unescape((folder / f"report.{code}.html").read_text(encoding="utf-8"))
        assert f"{title}" in content
        assert 'id="M1"' in content
        assert "Of my own." in content, "the plugin's section"
        assert list((folder / "figures" / code).glob("*-M1.svg"))
    values = pd.read_csv(folder / "tables" / "values.csv")
    assert {"M1"} < set(values["claim"])
