"""The head of the first page: the facts about a study, why nothing can be concluded from it, and its limits."""

from __future__ import annotations

from collections.abc import Iterator

from bench.evidence.shortfalls import headline, reasons
from bench.report.document import Box, Rich, Styled, Text
from bench.report.limits import Limits, limits
from bench.report.protocols import Entry
from bench.report.rows import grouped
from bench.report.section import Page

DATE = len("2026-01-31")
"""Letters of a date, with which a moment begins."""


def facts(page: Page) -> Iterator[tuple[str, str]]:
    """Yield the facts about the study."""
    words, n, findings = page.words, page.say.numbers, page.findings
    if findings.studies:
        yield words("Study"), page.say.study()
    counted = page.say.counts()
    yield words("Training runs"), words("{measured} in {settings} settings, and {tuning} for tuning", **counted)
    if findings.counts.probed:
        yield words("Untrained"), words("{probed} networks", **counted)
    if findings.origins:
        first = n.when(min(origin.first for origin in findings.origins))[:DATE]
        last = n.when(max(origin.last for origin in findings.origins))[:DATE]
        yield words("Trained"), first if first == last else n.range(first, last)


def warning(page: Page) -> Box:
    """Say that the store is too thin for a conclusion, and why."""
    short, words = page.findings.shortfalls, page.words
    return Box(headline(short, words), (Text(words.joined(*reasons(short, words))),), "warning")


def limits_box(page: Page) -> Box | None:
    """The conditions that everything was found under; None where nothing was trained."""
    found = limits(page.findings)
    if found is None:
        return None
    cannot = page.words(
        "Nothing is claimed for longer lags, other sizes or budgets, or your data. What was run under other "
        "conditions states its own limits."
    )
    if any(p.tunes and p.tuning != "own" for p in page.findings.protocols.values()):
        luck = page.words(
            "All seeds share one tuned learning rate; no interval includes the uncertainty of that tuning."
        )
        cannot = page.words.joined(luck, cannot)
    bounds = tuple((Styled((Styled(name, "quiet"), " ", value), "fact"), " ") for name, value in _bounds(page, found))
    blocks = Text(bounds), Text(cannot, "cannot")
    return Box(page.words("What all of this rests on, and what it cannot say"), blocks, "limits")


def _bounds(page: Page, found: Limits) -> Iterator[tuple[Rich, Rich]]:
    words, n = page.words, page.say.numbers
    yield words("Lags"), _lags(page, found)
    yield words("Seeds"), n.count(found.seeds[0]) if len({*found.seeds}) == 1 else n.range(*map(n.count, found.seeds))
    for entry in found.fields:
        yield words.name(entry.title), _values(page, found, entry)
    yield (
        words("Start"),
        words(
            "largest eigenvalue of the recurrent weights (their spectral radius) about {radius} in size, so that a "
            "gradient shrinks from the outset; techniques with a start of their own aside"
            if max(found.radii) < 1
            else "largest eigenvalue of the recurrent weights (their spectral radius) about {radius} in size; "
            "techniques with a start of their own aside",
            radius=n.join(f"{radius:.2f}" for radius in found.radii),
        ),
    )


def _lags(page: Page, found: Limits) -> str:
    """'Adding 20 and 50, Parity 10 (the length of the sequence); Copy 5 (…)'."""
    words, n = page.words, page.say.numbers
    told = []
    for means, tasks in grouped(found.lags, page.say.lag_means).items():
        own = words.rules.between_items.join(
            words("{task} {lags}", task=page.say.task(task), lags=n.join(map(n.count, found.lags[task])))
            for task in tasks
        )
        told.append(words("{lags} ({means})", lags=own, means=means) if means else own)
    return words.rules.between_clauses.join(told)


def _values(page: Page, found: Limits, entry: Entry) -> str:
    """A value of the protocol: the commonest, then those of the tasks that have another."""
    words, shown = page.words, {task: entry.shown(page.findings, task, page.say) for task in found.lags}
    tasks = grouped(shown, shown.__getitem__)
    usual = max(tasks, key=lambda value: len(tasks[value]))
    alone = [usual] if len(tasks[usual]) > 1 or len(tasks) == 1 else []
    others = [task for task, value in shown.items() if value not in alone]
    told = [words("{task} {value}", task=page.say.task(task), value=shown[task]) for task in others]
    return words.rules.between_clauses.join([*alone, *told])
