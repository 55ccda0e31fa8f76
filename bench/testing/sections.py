"""The contract of a section of the report."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

import pandas as pd

from bench.contract import Checks, first_fault
from bench.languages import language
from bench.records.result import COSTS, typed
from bench.records.settings import Setting
from bench.records.snapshot import TIMINGS, Snapshot
from bench.report.build import build
from bench.report.document import Block, Section
from bench.report.findings import Findings, gather
from bench.report.render import html, markdown
from bench.report.render.beside import Beside
from bench.report.render.numbering import Numbering
from bench.report.section import Page, ReportSection
from bench.report.sections import CHECKS as ATTRIBUTES
from bench.report.sections import sections
from bench.testing.made_up import SmallStore, curve, member, probe, profile, setting, study

TECHNIQUES, LAGS = ("tanh", "gru", "relu"), (10, 20)
BLOCKS: tuple[type, ...] = get_args(Block)


def check_section(section: type[ReportSection]) -> None:
    """Raise AssertionError, saying what is wrong, unless a section keeps the contract of `ReportSection`.

    It is built, within a whole report, of a handful of made-up results and of hardly any; this takes some seconds.
    """
    with sections.also(section):
        fault = first_fault(section, CHECKS)
    if fault:
        raise AssertionError(f"{section.__name__}: {fault.sentence}.") from fault.cause


class MadeUp(SmallStore):
    """A store whose history is empty."""

    def timings(self) -> pd.DataFrame:
        return typed([], TIMINGS)

    def snapshots(self) -> list[Snapshot]:
        return []


@cache
def findings(techniques: tuple[str, ...]) -> Findings:
    """Return the findings of a report on these techniques; with one of them, most of it is missing."""
    settings = [setting(technique, lag) for technique in techniques for lag in LAGS]
    store = MadeUp([], [study(*settings)])
    for place, of in enumerate(settings):
        for seed in (1, 2):
            _add_run(store, of, seed, "solved" if place % 3 else "unsolved")
        if len(techniques) > 1:
            store.cost_rows.append(_cost(of))
    return gather(store)


def _add_run(store: SmallStore, of: Setting, seed: int, outcome: str) -> None:
    row = member(of, seed, outcome, updates=10 * seed if outcome == "solved" else 100)
    store.rows.append(row)
    store.curve_rows += curve(row, 1.0, [0.5, 0.2], [0.6, 0.3])
    for moment in ("start", "end"):
        store.probe_rows.append(probe(row, moment, decay=-0.1, half_life=7.0, r2=0.9, power_r2=0.5))
        store.gradient_rows += profile(row, [-0.1 * step for step in range(of.lag)][::-1], moment)


def _cost(of: Setting) -> dict[str, Any]:
    blank = {name: "" if kind == "str" else 1 for name, kind in COSTS.types.items()}
    sizes = {"hidden_size": of.protocol.hidden_size, "batch_size": of.protocol.batch_size}
    return blank | sizes | {"technique": of.technique, "task": of.task, "lag": of.lag}


def _words(section: type[ReportSection]) -> Iterator[str]:
    if not (section.__doc__ or "").strip():
        yield "there is no docstring: say what it shows"
    if not section.title.strip():
        yield "its title is empty"


def _parts(section: type[ReportSection]) -> Iterator[str]:
    for page in _pages():
        for part in section(page).sections():
            if not isinstance(part, Section):
                yield f"`sections` gives a {type(part).__name__}, not a document.Section"
            for block in part.blocks:
                if not isinstance(block, BLOCKS):
                    known = ", ".join(kind.__name__ for kind in BLOCKS)
                    yield f"`blocks` yields a {type(block).__name__}, not one of {known}"


def _whole(section: type[ReportSection]) -> Iterator[str]:
    """Complain unless a whole report with the section in it can be made and written."""
    for page in _pages():
        document, broken = build(page)
        for one in broken:
            if one.section == section.name:
                yield f"it cannot be made ({one.reason})"
        ids = [part.id for part in document.sections]
        if taken := sorted({id for id in ids if ids.count(id) > 1}):
            yield f"the report has two sections that are linked to as '{taken[0]}': give it another name"
        numbering = Numbering(document)
        html.page(document, page.words, numbering)
        markdown.markdown(document, page.words, numbering, Beside("figures"))


def _pages() -> Iterator[Page]:
    for techniques in (TECHNIQUES, TECHNIQUES[:1]):
        yield Page(findings(techniques), language("en"))


CHECKS: Checks = {
    **ATTRIBUTES,
    "reading its words": _words,
    "building it": _parts,
    "writing a report with it": _whole,
}
