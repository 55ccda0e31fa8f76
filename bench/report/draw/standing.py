"""Scores of all techniques over all tasks, with intervals, one of them set apart."""

from __future__ import annotations

from matplotlib.figure import Figure

from bench.evidence.standing import Standing
from bench.report.draw.marks import mark, told
from bench.report.draw.style import INK, LINES, MUTED, WIDTH, Picture, house_style, picture
from bench.report.names import Names

ROW, ENDS, LEFT = 0.145, 0.5, 1.7  # inches


def standing(found: list[Standing], technique: str, say: Names, alt: str) -> Picture:
    """A row a technique, the best on top: its mean score, the interval, and the rank's interval at the right."""
    height = ROW * len(found) + ENDS
    with house_style():
        figure = Figure(figsize=(WIDTH, height))
        axes = figure.add_axes((LEFT / WIDTH, 0.36 / height, (WIDTH - LEFT - 0.75) / WIDTH, 1 - ENDS / height))
        for y, one in enumerate(found):
            own = one.technique == technique
            colour = LINES[1] if own else MUTED
            axes.plot([one.low, one.high], [y, y], color=colour, linewidth=1.6 if own else 1.0, clip_on=False)
            axes.plot([one.score], [y], marker="o", markersize=4.5 if own else 3, color=colour, clip_on=False)
            axes.text(1.02, y, f"{one.rank} ({one.best}–{one.worst})", fontsize=6.5, color=INK if own else MUTED,
                      va="center", transform=axes.get_yaxis_transform())  # fmt: skip
            numbers = [say.numbers.percent(value) for value in (one.score, one.low, one.high)]
            mark(axes, one.score, y, told(say.words, [say.technique(one.technique)], *numbers))
        axes.set(xlim=(0, 1), ylim=(len(found) - 0.5, -0.6), xlabel=say.words("score"))
        axes.set_yticks(range(len(found)), [say.technique(one.technique) for one in found], fontsize=7)
        for label, one in zip(axes.get_yticklabels(), found, strict=True):
            label.set_fontweight("bold" if one.technique == technique else "normal")
        return picture(figure, alt)
