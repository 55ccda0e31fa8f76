"""Puts claims, parts and verdicts into words: the one place in which evidence becomes sentences of a language."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bench.evidence.claims import Direction, Part, find_claim, further_claims, source_claims
from bench.evidence.estimands import Sampled
from bench.evidence.measuring.costs import Size
from bench.evidence.names import all_called, names_in, own_names, turned
from bench.evidence.published.wording import texts as published_texts
from bench.evidence.questions import Verdict
from bench.evidence.reasons import ESTIMATE, OF_CLAIMS, REASONS
from bench.evidence.source import COLUMNS, CONTEXT, load_rows
from bench.evidence.verdicts import OF_PARTS, ClaimVerdict, PartVerdict, as_record
from bench.languages import Language, words
from bench.languages.check import Marked
from bench.records.matrices import first_with

ROUNDING = 1e-9
"""The smallest effect that is more than a sum's rounding: nothing here is measured as finely."""
LEAST_P = 0.001
"""The smallest p that is written out."""

VERDICTS: dict[Verdict, str] = {
    "supported": words("supported"),
    "weakly supported": words("weakly supported"),
    "in part": words("in part"),
    "practically equal": words("practically equal"),
    "weakly contradicted": words("weakly contradicted"),
    "contradicted": words("contradicted"),
    "undecided": words("undecided"),
    "cannot tell": words("cannot tell"),
    "not run": words("not run"),
}
ANALYSES = {
    "without": words("without {detail}"),
    "median": words("median over seeds"),
    "mean": words("mean over seeds"),
    "mean of rounds": words("mean over rounds"),
}
"""The robustness analyses that every estimand has, or has instead of another."""
MOMENTS = {
    "start": words("before training"),
    "during": words("during training"),
    "end": words("at the end of training"),
    "equal": words("after equally many updates"),
}
LAGS = {
    "shortest": words(", at the shortest lag"),
    "longest": words(", at the longest lag"),
    "longest solved": words(", at each task's longest lag that some technique solves"),
    "longest run": words(", at the longest lag that was run"),
    "beyond window": words(", at lags beyond the window"),
}
ARMS = {
    "exploding": words(", where gradients explode"),
    "thresholds": words(", where gradients explode"),
    "parameters": words(", with equally many parameters"),
    "sgd": words(", trained by SGD"),
    "windows": words(", with several windows"),
    "gain": words(", each at its critical radius"),
}
"""The clauses that say where; what is not here goes without saying."""


# Claims and parts


def says(claim: str, say: Language) -> str:
    """Put into words what the claim with this id says, without a full stop."""
    return _capital(say(find_claim(claim).says))


def label(part: Part, say: Language) -> str:
    """Name a part among those of its claim."""
    return say(part.label)


def estimated(claim: str, part: Part, say: Language, called: Mapping[str, str] | None = None) -> str:
    """Put into a clause what a part of the claim with this id estimates.

    called: what sentences call techniques in English, as results have it; without, what they are called here.
    """
    return clause(part, names_in(claim, called), say)


def clause(part: Part, names: Mapping[str, str], say: Language) -> str:
    """Put into a clause what a part estimates; techniques are called by these English names, or as they are spelled."""
    where = [text for text in (LAGS.get(part.lags), ARMS.get(part.arm)) if text]
    return say(
        part.clause,
        technique=all_called(part.techniques, names, say),
        reference=all_called(part.twins, names, say),
        moment=say(MOMENTS["equal" if part.after_equal_updates else part.moment]),
        where="".join(map(say, where)),
    )


CONDITIONS: dict[Direction, str] = {
    "higher": words("above {high}"),
    "lower": words("below {low}"),
    "equal": words("between {low} and {high}"),
    "not lower": words("not below {low}"),
}
"""The side of the margin on which an effect has to lie, by the direction."""


def condition(part: Part, say: Language) -> str:
    """Say where the effect of a part has to lie: 'above 1.1 ×'."""
    low, high = part.band
    suffix = say(part.estimand.unit.suffix) if part.estimand.unit.suffix else ""
    return say(CONDITIONS[part.direction], low=_number(low) + suffix, high=_number(high) + suffix)


# Verdicts


def verdict(found: PartVerdict, say: Language) -> str:
    """Name a verdict; of a claim that holds in part, say in how many."""
    if isinstance(found, ClaimVerdict) and found.verdict == "in part":
        return say(words("in part: {holding} of {parts}"), holding=found.holding, parts=len(found.made_of))
    return say(VERDICTS[found.verdict])


def reason(verdict: PartVerdict, say: Language) -> str:
    """Say in a sentence why a verdict is what it is.

    In others, why a part could not tell, at which size costs were measured, a given rate, and rates that differ.
    """
    if isinstance(verdict, ClaimVerdict) and verdict.reason.key == OF_PARTS:
        sizes = dict.fromkeys(part.size for part in verdict.parts if part.size and not part.beside)
        mute = [_lack(part, say) for part in verdict.parts if _is_mute(part)]
        rates = *_given_rates(verdict, say), unlike_rates(verdict, say)
        beside = [_missing(verdict, say), *dict.fromkeys(mute), *(_sized(size, say) for size in sizes), *rates]
        return say.joined(_of_parts(verdict, say), *beside)
    if not verdict.estimated:
        return _lack(verdict, say)
    values = _values(verdict, say)
    beside = [_sized(verdict.size, say)] if verdict.size else []
    beside += [_at_rate(verdict.given_rate, say)] if verdict.given_rate else []
    beside += [unlike_rates(verdict, say)]
    return say.joined(say(REASONS[verdict.reason.key], **values), *beside)


def _lack(verdict: PartVerdict, say: Language) -> str:
    """Say why there is no effect and, of what was not run, which preset includes it."""
    key, values = verdict.reason.key, dict(verdict.reason.values)
    if "technique" in values:
        values["technique"] = all_called((values["technique"],), names_in(verdict.claim), say)
    told, preset = say(REASONS[key], **values), _preset(verdict)
    return say.joined(told, say(words("The preset {preset} includes it."), preset=preset) if preset else "")


def _missing(verdict: ClaimVerdict, say: Language) -> str:
    """Say which preset includes the parts of a claim none of which was run, if it is one for all of them."""
    if verdict.verdict != "not run":
        return ""
    presets = {_preset(part) for part in verdict.parts if part.verdict == "not run" and not part.beside}
    named = presets.pop() if len(presets) == 1 else ""
    return say(words("The preset {preset} includes them."), preset=named) if named else ""


def _preset(verdict: PartVerdict) -> str:
    """The smallest preset that trains what a part lacks; empty if none does, or something else is in the way."""
    values = verdict.reason.values
    if verdict.reason.key not in ("arm", "missing"):
        return ""
    return first_with(values["arm"], (values["technique"],) if "technique" in values else verdict.asked.techniques)


def _is_mute(part: PartVerdict) -> bool:
    """Tell whether a part that has a say was run, and its results had no chance to differ."""
    return part.verdict == "cannot tell" and not part.beside


def _given_rates(verdict: ClaimVerdict, say: Language) -> Iterator[str]:
    """Say which learning rates were given to the parts of a claim, and to which parts if not to all that were run."""
    run = [part for part in verdict.parts if part.estimated and not part.beside]
    for rate in dict.fromkeys(part.given_rate for part in run if part.given_rate):
        own = [part for part in run if part.given_rate == rate]
        if len(own) == len(run):
            yield _at_rate(rate, say)
        else:
            named = say.all_of([label(part.asked, say) for part in own])
            key = words("For {parts} all were trained at the learning rate {rate}, which was given and not tuned.")
            yield say(key, parts=named, rate=f"{rate:g}")


def _at_rate(rate: float, say: Language) -> str:
    """Say that a learning rate was given to all."""
    return say(words("All were trained at the learning rate {rate}, which was given and not tuned."), rate=f"{rate:g}")


APART = {
    "smaller": words("smaller for {technique} than for {reference} in {count} of {settings} settings"),
    "larger": words("larger for {technique} than for {reference} in {count} of {settings} settings"),
}
"""The clauses on rates that tuning chose, by the side on which the techniques' are."""


def unlike_rates(verdict: PartVerdict, say: Language) -> str:
    """Say where tuning chose different rates for those who are compared, if it matters; else nothing."""
    parts = verdict.parts if isinstance(verdict, ClaimVerdict) else (verdict,)
    parts = tuple(part for part in parts if part.unlike and not part.beside)
    if not parts:
        return ""
    names = names_in(verdict.claim)
    cases = [
        say(
            APART[side],
            technique=all_called(part.asked.techniques, names, say),
            reference=all_called(part.asked.twins, names, say),
            count=getattr(part.unlike, side),
            settings=part.unlike.settings,
        )
        for part in parts
        for side in APART
        if part.unlike and getattr(part.unlike, side)
    ]
    told = say.rules.between_clauses.join(dict.fromkeys(cases))
    key = words("Tuned learning rates differ, too: {cases}.")
    return say(key, cases=told)


def _sized(size: Size, say: Language) -> str:
    """Say at which size costs were measured."""
    units = say.all_of([str(units) for units in size.units])
    if not size.steps:
        return say(words("Costs are those at {units} hidden units and lag {lag}."), units=units, lag=f"{size.lag:,}")
    text = words("Costs are those at {units} hidden units, lag {lag} and sequences of {steps} steps.")
    return say(text, units=units, lag=f"{size.lag:,}", steps=f"{size.steps:,}")


def _values(verdict: PartVerdict, say: Language) -> dict[str, Any]:
    part, given = verdict.asked, verdict.reason.values
    suffix = say(part.estimand.unit.suffix) if part.estimand.unit.suffix else ""
    margin = 1 + part.margin if part.estimand.is_ratio else part.margin
    needed = verdict.needed_n
    values: dict[str, Any] = {
        "effect": _number(verdict.effect) + suffix,
        "low": _number(verdict.low),
        "high": _number(verdict.high),
        "count": counted(part, verdict.n, say),
        "needed": "" if needed is None else counted(part, needed, say),
        "range": _needed_range(verdict, say),
        "p": "" if verdict.p is None else _p(verdict.p, say),
        "margin": _number(margin) + suffix,
        "comparisons": given.get("comparisons", ""),
    }
    return {**values, "estimate": say(ESTIMATE, **values)}


def _needed_range(verdict: PartVerdict, say: Language) -> str:
    """Word the range in which the number of seeds that is needed may lie."""
    fewest, most = verdict.needed_range
    if most is None:
        return say(words("{fewest} or more"), fewest="" if fewest is None else fewest)
    return say(words("{fewest} to {most}"), fewest=fewest, most=most)


def counted(part: Part, n: int, say: Language) -> str:
    """'14 seeds', '15 rounds'."""
    if part.estimand.sampled is Sampled.ROUNDS:
        return say.counted("{n} round of timing", "{n} rounds of timing", n)
    return say.counted("{n} seed", "{n} seeds", n)


def _of_parts(verdict: ClaimVerdict, say: Language) -> str:
    """Say which parts of a claim came out how."""
    clauses = []
    for sort, text in OF_CLAIMS.items():
        labels = [_labelled(part, say) for part in verdict.parts if part.verdict == sort and not part.beside]
        if labels:
            clauses.append(say(text, parts=say.all_of(labels)))
    return _capital(say.rules.between_clauses.join(clauses)) + say.rules.stop


def _labelled(part: PartVerdict, say: Language) -> str:
    """Name a part; where it is undecided, say how much would decide it."""
    if part.needed_n is None:
        return label(part.asked, say)
    return say(
        words("{part} (about {needed} needed)"),
        part=label(part.asked, say),
        needed=counted(part.asked, part.needed_n, say),
    )


def analysis(verdict: PartVerdict, name: str, say: Language, called: Callable[[str], str] = str) -> str:
    """Name a robustness analysis for readers: 'without:copy' → 'without copy'. `called`: the name of a task."""
    sort, _, detail = name.partition(":")
    if sort == "mean" and verdict.asked.estimand.sampled is Sampled.ROUNDS:
        sort = "mean of rounds"
    if sort in ANALYSES:
        return say(ANALYSES[sort], detail=called(detail))
    return say(verdict.asked.estimand.variants(verdict.asked)[name].says)


def _number(value: float) -> str:
    value = 0.0 if abs(value) < ROUNDING else value
    return _plain(value).replace("-", "−")


def _plain(value: float) -> str:
    return f"{value:.3g}".replace("inf", "∞")


def _p(p: float, say: Language) -> str:
    return say("p < {p}", p=f"{LEAST_P:g}") if p < LEAST_P else say("p = {p}", p=f"{p:.2g}")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


# Tables


def as_line(verdict: PartVerdict, say: Language) -> dict[str, str]:
    """Give a claim in a line, for a table in a terminal."""
    robust = verdict.robustness
    ran = verdict.estimated
    whose = f"{label(verdict.asked, say)}: " if verdict.reason.key == OF_PARTS else ""
    effect = f"{whose}{_plain(verdict.effect)} [{_plain(verdict.low)}, {_plain(verdict.high)}]{verdict.unit}"
    return {
        "claim": verdict.claim,
        "verdict": verdict.verdict,
        "effect": effect if ran else "-",
        "n": str(verdict.n) if ran else "-",
        "robust": f"{robust.agree}/{robust.analyses}" if robust.analyses else "-",
        "reason": reason(verdict, say),
    }


def as_worded_record(verdict: PartVerdict, say: Language) -> dict[str, Any]:
    """`as_record` with a verdict's words beside its keys and numbers."""
    record = as_record(verdict) | {
        "label": label(verdict.asked, say),
        "estimand": estimated(verdict.claim, verdict.asked, say),
        "reason": reason(verdict, say),
    }
    if isinstance(verdict, ClaimVerdict):
        record |= {"says": says(verdict.claim, say), "parts": [as_worded_record(part, say) for part in verdict.parts]}
    return record


# Translations


def texts() -> Iterator[Marked]:
    """The English that stands in YAML: of the claims, of the source's table, and of names."""
    for claim in (*source_claims(), *further_claims()):
        own = [claim.says, claim.measure, *(part.label for part in claim.parts), *(part.says for part in claim.parts)]
        yield from (Marked(text, f"{claim.id}.yaml") for text in own if text)
    for row in load_rows():
        yield from (Marked(getattr(row, cell), "source.yaml", CONTEXT) for cell in ("technique", *COLUMNS))
        yield from (Marked(gap.text, "source.yaml") for gap in row.gaps)
    yield from published_texts()
    yield from (Marked(name, "names.yaml") for name in turned().values())
    yield from (Marked(called, name) for name, called in own_names().items())
