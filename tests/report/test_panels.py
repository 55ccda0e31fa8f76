"""The panels of claims' figures: names that fit, values in words, few lines in one pair of axes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from matplotlib.figure import Figure
from rendering import page_of

from bench.evidence.estimands import estimand
from bench.languages import language
from bench.report.draw.canvas import LONGEST, cut, names_width, width_of
from bench.report.draw.claim_figure import MOST_LINES, _panels
from bench.report.draw.panels import LEFT, WIDTH, Profiles, Strip, mean_told
from bench.report.draw.style import house_style
from bench.report.findings import Findings
from bench.report.names import Names
from bench.report.rows import Value

ENGLISH, CHINESE = language("en"), language("zh")
LONG = "clip-value:threshold=0.1", "clip-value:threshold=0.123456789"


@pytest.fixture
def say(findings: Findings) -> Names:
    return page_of(findings, ENGLISH).say


def strip(say: Names, *techniques: str) -> Strip:
    data = [Value(name, "adding", 20, seed, seed / 10) for name in techniques for seed in range(5)]
    return Strip(say, estimand("solved"), data)


def test_names_of_rows_end_before_their_values(say: Names) -> None:
    figure = Figure(figsize=(6.7, 2))
    with house_style():
        strip(say, "tanh", *LONG).draw(figure, 0.0)
    (axes,) = figure.axes
    start, end = axes.get_position().x0 * 6.7, axes.get_position().x1 * 6.7
    for text in figure.texts:
        assert LEFT + width_of(text.get_text()) <= start
    assert LEFT + WIDTH - 0.1 < end < LEFT + WIDTH


def test_names_are_whole_where_they_fit_and_cut_where_they_do_not(say: Names) -> None:
    whole, longer = (say.technique(name) for name in LONG)
    room = names_width([whole])
    assert cut(whole, room) == whole
    assert names_width([longer * 2]) == LONGEST
    short = cut(longer * 2, LONGEST)
    assert short.endswith("…")
    assert width_of(short) <= LONGEST


def test_a_row_of_values_in_words(say: Names) -> None:
    assert mean_told(say, ["LSTM"], [20, 50, 50]) == "LSTM: mean 40 (20 to 50; 3 values)"
    assert mean_told(say, ["LSTM"], np.full(24, 10.0)) == "LSTM: 10 in all 24 values"
    assert mean_told(say, ["LSTM"], [4513.0]) == "LSTM: 4,513"
    assert mean_told(say, ["LSTM"], [0.125, 511_540.0]) == "LSTM: mean 256\u202fk (0.125 to 512\u202fk; 2 values)"


@pytest.mark.parametrize(("code", "wanted"), [("en", "Clipping by value"), ("zh", "按值裁剪")])
def test_a_title_with_dials_is_translated_without_them(findings: Findings, code: str, wanted: str) -> None:
    say = page_of(findings, language(code)).say
    say.titles = {"clip-value:threshold=0.1": "Clipping by value, threshold 0.1"}
    assert say.technique("clip-value:threshold=0.1", turned=False) == wanted
    assert say.technique("clip-value:threshold=0.1").startswith(wanted)


def test_many_lines_stand_in_axes_of_their_own_by_technique(all_judged: Findings) -> None:
    counts = set()
    for words in (ENGLISH, CHINESE):
        page = page_of(all_judged, words)
        (claim,) = [verdict for verdict in page.findings.verdicts if verdict.claim == "S14"]
        (profiles,) = [
            panel for panel in _panels(all_judged, page.say, list(claim.parts)) if isinstance(panel, Profiles)
        ]
        assert {column for _, column in profiles.places.values()} == {0}
        counts.add(len(profiles.axes))
        for title, curves in profiles.axes.items():
            assert len(curves) <= MOST_LINES, title
            assert len({(curve.colour, str(curve.dash)) for curve in curves}) == len(curves)
        looks = {(curve.name, curve.colour) for curves in profiles.axes.values() for curve in curves}
        assert len(looks) == len({name for name, _ in looks}), "a radius has one colour, whatever the technique"
        figure = Figure(figsize=(6.7, profiles.height))
        with house_style():
            profiles.draw(figure, 0.0)
        boxes = [axes.get_position() for axes in figure.axes]
        assert all(one.y0 > other.y1 for one, other in itertools.pairwise(boxes))
    assert len(counts) == 1, "names that are translated alike stand together in every language"
