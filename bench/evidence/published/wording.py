"""Puts published results into words: what was reported, what ours is, and whether they agree."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from bench.evidence.published.book import published_results
from bench.evidence.published.compare import Outcome, Verdict
from bench.evidence.published.model import Number, Statement
from bench.languages import Language, words
from bench.languages.check import Marked

VERDICTS: dict[Verdict, str] = {
    "reproduced": words("reproduced"),
    "in part": words("in part"),
    "not reproduced": words("not reproduced"),
    "not run": words("not run"),
}
MEASURED = {
    "updates": words("updates to solve, {technique}"),
    "level": words("updates until the metric is {level}, {technique}"),
    "metric": words("metric at the end, {technique}"),
    "metric at": words("metric after {at} updates, {technique}"),
    "loss": words("loss at the end, {technique}"),
    "loss at": words("loss after {at} updates, {technique}"),
    "solved": words("share of runs that solve, {technique}"),
}
AT_LAG = words("{what}, lag {lag}")
SHAPES = {
    "solves": words("{technique} solves"),
    "fails": words("{technique} does not solve it"),
    "faster": words("{technique} before {other}"),
    "better": words("{technique} better than {other}"),
}
Names = Callable[[str], str]
"""Gives the name of a technique, by its spelling."""


def number(asked: Number, say: Language, called: Names = str) -> str:
    """Say which number it is: 'updates to solve, LSTM'."""
    key = "level" if asked.level is not None else asked.measured + (" at" if asked.at is not None else "")
    values = {"technique": called(asked.technique), "level": _short(asked.level or 0.0), "at": f"{asked.at or 0:,}"}
    what = say(MEASURED[key], **values)
    return what if asked.lag is None else say(AT_LAG, what=what, lag=asked.lag)


def tolerance(asked: Number, say: Language) -> str:
    """Say how near ours has to be: 'within a factor of 2'."""
    if asked.factor is not None:
        return say(words("within a factor of {factor}"), factor=f"{asked.factor:g}")
    return say(words("within ±{within}"), within=_short(asked.within or 0.0))


def ours(found: Outcome, say: Language) -> str:
    """Our median with its interval: '150 (100 to 200)'."""
    if found.number.measured == "solved":
        return f"{round(found.ours * found.n)}/{found.n}"
    low, high = found.interval
    if math.isinf(low):
        return _short(found.ours)
    return say(words("{value} ({low} to {high})"), value=_short(found.ours), low=_short(low), high=_short(high))


def reported(asked: Number) -> str:
    """The number that was reported."""
    return f"{asked.reported:.0%}".replace("%", " %") if asked.measured == "solved" else _short(asked.reported)


def statement(asked: Statement, say: Language, called: Names = str) -> str:
    """A part of the shape: 'LSTM before tanh'."""
    sort = next(name for name in SHAPES if getattr(asked, name))
    names = [called(name) for name in asked.techniques]
    text = say(SHAPES[sort], technique=names[0], other=names[-1])
    return text if asked.lag is None else say(AT_LAG, what=text, lag=asked.lag)


def verdict(found: Verdict, say: Language) -> str:
    """Name a verdict."""
    return say(VERDICTS[found])


def _short(value: float) -> str:
    if math.isinf(value):
        return "∞"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def texts() -> Iterator[Marked]:
    """The English of the files."""
    for one in published_results():
        own = (one.title, one.protocol, one.deviations, one.rerun)
        yield from (Marked(text, f"{one.id}.yaml") for text in own if text)
