"""The figure that decides a claim: its parts' effects on the left, what they were reckoned from on the right."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from bench.evidence.claims import Part
from bench.evidence.estimands import Panel as Drawn
from bench.evidence.estimands import estimand
from bench.evidence.scope import BASELINE
from bench.evidence.verdicts import ClaimVerdict, PartVerdict
from bench.records.cell import Cell, SettingKey
from bench.records.spec import Spec
from bench.records.study import MAIN
from bench.report.draw import forest
from bench.report.draw.panels import Curve, Dial, Panel, Profiles, Strip, Turned, fitted
from bench.report.draw.style import BASELINE_LINE, WIDTH, Picture, house_style, line_look, picture
from bench.report.findings import Findings
from bench.report.matrix import Matrix
from bench.report.names import Names
from bench.report.rows import Value, grouped, numbers_of, values_of
from bench.report.verdicts import Verdicts
from bench.report.vocabulary import MOMENTS

SWEPT = ("=*", "=min", "=max")
"""Endings by which a part names the values of a dial."""
GAP = 0.08  # inches between panels
TALLEST = 4.0  # inches: with its tables, a claim should fit on a page
MOST_LINES = 8  # profiles in one pair of axes


def claim_pictures(findings: Findings, verdicts: Verdicts) -> dict[str, tuple[Picture, list[str]] | None]:
    """The figure of every claim of every family, with the names of what stands on its right."""
    return {c.claim: claim_figure(findings, verdicts.say, c, verdicts.alt(c)) for c in findings.all_verdicts}


def claim_figure(findings: Findings, say: Names, claim: ClaimVerdict, effects: str) -> tuple[Picture, list[str]] | None:
    """A claim's figure and the names of what stands on its right; None if none of its parts has an effect."""
    parts = forest.measured(claim.parts)
    if not parts:
        return None
    with house_style():
        right = _panels(findings, say, parts)
        tall = max(forest.height(parts), sum(panel.height + GAP for panel in right) - GAP)
        figure = Figure(figsize=(WIDTH, tall))
        forest.draw(figure, 0.0, parts, say)
        top = 0.0
        for panel in right:
            panel.draw(figure, top)
            top += panel.height + GAP
        return picture(figure, _alt(say, effects, right)), [panel.name for panel in right]


def _alt(say: Names, effects: str, right: list[Panel]) -> str:
    """The figure in words: the effects on its left, and what stands on its right."""
    if not right:
        return effects
    panels = say.words.rules.between_clauses.join(panel.told() for panel in right)
    return say.words("Left: {effects}. Right, means over seeds: {panels}.", effects=effects, panels=panels)


def _panels(findings: Findings, say: Names, parts: list[PartVerdict]) -> list[Panel]:
    """First what the gradient does, then dials, then the plain values, kind by kind and each once.

    Parts share techniques, the baseline above all.
    """
    known = [(part.asked, part) for part in parts]
    flowing = [test for test, _ in known if test.estimand.panel is Drawn.PROFILE]
    swept = [(test, part) for test, part in known if any(t.endswith(SWEPT) for t in test.techniques)]
    profiles = _profiles(findings, say, flowing)
    panels: list[Panel] = [profiles] if profiles else []
    panels += [_dial(findings, say, swept)] if swept else []
    rest: dict[str, list[Value]] = {}
    for test, part in known:
        if not (profiles and test in flowing) and (test, part) not in swept:
            rest.setdefault(test.kind, []).extend(values_of(part))
    strips = [Strip(say, estimand(kind), list(dict.fromkeys(values))) for kind, values in rest.items()]
    return [*panels, *fitted(strips, TALLEST - sum(panel.height + GAP for panel in panels))]


# Gradients


def _profiles(findings: Findings, say: Names, tests: list[Part]) -> Profiles | None:
    """Axes an arm and moment; None where no profile is stored."""
    places = dict.fromkeys((test.arm, test.moment) for test in tests)
    if list(places) == [(MAIN, "end")]:
        places = dict.fromkeys([(MAIN, "start"), (MAIN, "end")])
    wanted = [*dict.fromkeys(lines for test in tests for lines in _lines(test))]
    stacked = len(wanted) > MOST_LINES
    groups = grouped(wanted, lambda line: say.technique(line[0], turned=False)) if stacked else {"": wanted}
    mixed = len({quantity for _, quantity in wanted}) > 1

    def name(technique: str, quantity: str) -> str:
        if not stacked:
            return say.profile(technique, quantity if mixed else "h")
        dials = say.dials(technique) or say.words("default")
        return (
            say.words("{technique}, {quantity}", technique=dials, quantity=say.quantity(quantity)) if mixed else dials
        )

    looks = _looks(wanted, name)
    axes: dict[str, list[Curve]] = {}
    grid: dict[str, tuple[int, int]] = {}
    for group, (arm, moment) in itertools.product(groups, places):
        matrix = findings.matrices.get(arm)
        cell = _fullest(matrix, [technique for technique, _ in wanted]) if matrix else None
        if matrix is None or cell is None:
            continue
        curves = []
        for technique, quantity in groups[group]:
            key, called = SettingKey(technique, *cell), name(technique, quantity)
            profile = matrix.flow.curve(key, moment, matrix.flow.asked(key, quantity))
            if profile is not None:
                curves.append(Curve(called, *looks[called], profile))
        if curves:
            of = [] if mixed or wanted[0][1] == "h" else [say.quantity(wanted[0][1])]
            where = [say.cell(*cell), *of, say.words(MOMENTS[moment])]
            lines = [say.words.rules.between_items.join([group, *where])] if len(places) == 1 else [group, *where]
            title = "\n".join(lines if stacked else where)
            axes[title] = curves
            grid[title] = ([*groups].index(group), [*places].index((arm, moment)))
    return Profiles(say, axes, _closed(grid) if stacked else {}) if axes else None


def _closed(grid: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Rows and columns without those in which nothing stands."""
    rows, columns = (sorted({place[side] for place in grid.values()}) for side in (0, 1))
    return {title: (rows.index(row), columns.index(column)) for title, (row, column) in grid.items()}


def _lines(test: Part) -> Iterator[tuple[str, str]]:
    """The profiles that a part compares: technique and quantity."""
    for technique in test.techniques:
        yield technique, test.quantity
    for technique in test.references:
        yield technique, test.reference_quantity or test.quantity


def _looks(lines: list[tuple[str, str]], name: Callable[[str, str], str]) -> dict[str, tuple[str, Any]]:
    """A colour and a dash for each name; the baseline, and what shares a name with it, is grey."""
    grey = {name(*line) for line in lines if line[0] == BASELINE}
    others = [called for called in dict.fromkeys(name(*line) for line in lines) if called not in grey]
    return dict.fromkeys(grey, (BASELINE_LINE, "-")) | {called: line_look(i) for i, called in enumerate(others)}


def _fullest(matrix: Matrix, techniques: list[str]) -> Cell | None:
    """The task and lag with profiles of most of these techniques; of several the first task's longest lag."""
    drawn: dict[Cell, set[str]] = {}
    for rate in matrix.flow.rates:
        if rate.technique in techniques:
            drawn.setdefault(rate.key.cell, set()).add(rate.technique)
    return min(drawn, key=lambda cell: (-len(drawn[cell]), matrix.tasks.index(cell.task), -cell.lag), default=None)


# Dials


def _dial(findings: Findings, say: Names, swept: list[tuple[Part, PartVerdict]]) -> Dial:
    """Axes an arm; the score of each value of the dial, seed by seed."""
    arms: dict[str, dict[Turned, None]] = {}
    for test, part in swept:
        arms.setdefault(test.arm, {}).update(dict.fromkeys(_turned(findings, test, values_of(part))))
    return Dial(say, swept[0][0].estimand, {arm: list(turned) for arm, turned in arms.items()})


def _turned(findings: Findings, test: Part, values: list[Value]) -> Iterator[Turned]:
    """The means over settings of a part's values, by the dial that it turns and by seed."""
    spelt = {Spec.base(name): name for name in (*test.techniques, *test.references)}
    dials = {base: name.removeprefix(base)[1:].partition("=")[0] for base, name in spelt.items()}

    def place(value: Value) -> tuple[str, str, float, int]:
        base = Spec.base(value.technique)
        return base, dials[base], findings.dial(value.technique, dials[base]), value.seed

    known = [value for value in values if Spec.base(value.technique) in dials]
    for (base, name, dial, seed), own in grouped(known, place).items():
        if not math.isnan(dial):
            yield Turned(base, name, dial, seed, float(np.mean(numbers_of(own))))
