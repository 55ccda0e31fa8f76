"""Why a verdict is what it is, in a sentence: templates of reasons.yaml, filled with numbers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from bench import plain_yaml
from bench.evidence.assess import Assessment, Verdict, shown
from bench.evidence.claims import spaced
from bench.evidence.estimands import NotEstimable

LANGUAGES = ("en", "zh")
ROUNDING = 1e-9
"""Nothing here is measured as finely: what is smaller is a sum's rounding."""


@cache
def words(language: str) -> dict[str, Any]:
    """A language's templates."""
    text = files("bench.evidence").joinpath("reasons.yaml").read_text(encoding="utf-8")
    return plain_yaml.load_own(text)[language]


def analysis_name(name: str, language: str) -> str:
    """What a reader calls a robustness analysis: 'without:copy' → 'without copy'."""
    kind, _, detail = name.partition(":")
    entry = words(language)["analyses"][kind]
    if isinstance(entry, dict):
        return str(entry[detail])
    return str(entry).format(detail=detail)


def why_not_run(why: NotEstimable) -> dict[str, str]:
    """What is missing, by language."""
    return {lang: _said(words(lang)["missing"][why.why].format(**why.values), lang) for lang in LANGUAGES}


def why(found: Assessment, verdict: Verdict, p: float | None, needed: int | None, comparisons: int) -> dict[str, str]:
    """A part's reason by language; p: None where so few seeds could reach no level."""
    return {lang: _why(found, verdict, p, needed, comparisons, lang) for lang in LANGUAGES}


def _why(
    found: Assessment, verdict: Verdict, p: float | None, needed: int | None, comparisons: int, language: str
) -> str:
    assert found.estimate is not None
    entries, part = words(language), found.part
    ratio = found.estimate.ratio
    unit = entries["units"][part.unit]
    noun = entries["counts"]["rounds" if part.kind == "time" else "seeds"]
    effect, low, high = (_number(x) for x in shown((found.effect, *found.interval), ratio))
    values = {
        "effect": effect + unit,
        "low": low,
        "high": high,
        "count": noun.format(n=found.n),
        "needed": noun.format(n=needed),
        "p": "" if p is None else _p(p, language),
        "comparisons": comparisons,
        "margin": (_number(1 + part.margin) if ratio else _number(part.margin)) + unit,
    }
    if found.estimate.counted:
        key = f"counted {verdict}"
    elif verdict == "undecided":
        key = "undecided for few" if p is None else "undecided" if needed else "undecided for good"
    else:
        key = f"{verdict} {part.direction}"
    templates = entries["parts"]
    template = templates.get(key) or templates[verdict]
    return _said(template.format(estimate=entries["estimate"].format(**values), **values), language)


def why_all(parts: Sequence[tuple[dict[str, str], Verdict]]) -> dict[str, str]:
    """A claim's reason by language: which of its parts (label, verdict) say what."""
    result = {}
    for language in LANGUAGES:
        entries = words(language)
        said = []
        for verdict, template in entries["claims"].items():
            labels = [label[language] for label, own in parts if own == verdict]
            if labels:
                *most, final = labels
                named = (entries["comma"].join(most) + entries["last"] if most else "") + final
                said.append(template.format(parts=named))
        sentence = entries["semicolon"].join(said)
        result[language] = _said(sentence[:1].upper() + sentence[1:] + entries["stop"], language)
    return result


def _said(text: str, language: str) -> str:
    return spaced(text) if language == "zh" else text


def _number(value: float) -> str:
    value = 0.0 if abs(value) < ROUNDING else value
    return f"{value:.3g}".replace("-", "−").replace("inf", "∞")


def _p(p: float, language: str) -> str:
    least = 0.001
    entries = words(language)["p"]
    return entries["below"].format(p=f"{least:g}") if p < least else entries["exact"].format(p=f"{p:.2g}")
