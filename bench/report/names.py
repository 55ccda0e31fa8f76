"""Names techniques, tasks, arms and what was measured of them for readers, in one language."""

from __future__ import annotations

import re

from bench.evidence.names import own_names
from bench.evidence.questions import Verdict
from bench.evidence.wording import VERDICTS
from bench.languages import Language
from bench.records.fields import protocol_fields
from bench.records.own_classes import own_word
from bench.records.spec import Spec
from bench.report.findings import Findings
from bench.report.numbers import Numbers
from bench.report.rows import TaskWords
from bench.report.vocabulary import ARMS, FAMILIES, QUANTITIES, SELECTORS, SYMBOLS


class Names:
    """The names in one report in one language, with the language itself (`words`) and its numbers."""

    def __init__(self, findings: Findings, words: Language) -> None:
        self.findings, self.words, self.numbers = findings, words, Numbers(words)
        self.titles = {t.name: t.title for matrix in findings.matrices.values() for t in matrix.techniques if t.title}
        self.called = self.titles | own_names() | findings.called
        """English names of techniques in sentences."""

    def study(self) -> str:
        """The title of the newest study, and in what it is not the preset's own."""
        newest = self.findings.studies[-1]
        title = self.words.of(newest.title) or newest.preset
        changes = [self._change(name, values) for name, values in newest.changed.items()]
        if not changes:
            return title
        return self.words(
            "{study}, changed: {changes}", study=title, changes=self.words.rules.between_clauses.join(changes)
        )

    def _change(self, name: str, values: tuple[int, ...]) -> str:
        """A selector that changed a preset, with the preset's own numbers."""
        titles = {field.name: field.title for field in protocol_fields()}
        changed = self.words.name(titles[name]) if name in titles else self.words(SELECTORS.get(name, name))
        own = self.numbers.join(dict.fromkeys(map(self.numbers.count, values)))
        return self.words("{changed} (the preset's: {own})", changed=changed, own=own) if values else changed

    def technique(self, name: str, turned: bool = True) -> str:
        """A technique's title; dials that were turned stand behind it, unless it is to go without."""
        base, dials = Spec.base(name), self.dials(name)
        own = self.titles.get(name, "").removesuffix(
            "".join(f", {dial.replace('=', ' ')}" for dial in dials.split(", "))
        )
        known = own or self.titles.get(base) or own_word("techniques", base, "title")
        title = self.words.name(known or base)
        if not dials:
            return title
        short = re.split("[,，（]", title)[0]
        return self.words("{technique} ({dials})", technique=short, dials=dials) if turned else short

    def dials(self, name: str) -> str:
        """The dials of a technique that were turned, with their values; empty if none was."""
        return name.removeprefix(Spec.base(name))[1:].replace(":", ", ")

    def task(self, name: str) -> str:
        """A task's title."""
        return self.words.name(self._task(name).task_title)

    def about(self, task: str) -> str:
        """Describe what a task asks of a network; empty if nothing says so."""
        about = self._task(task).task_about
        return self.words.name(about) if about else ""

    def lag_means(self, task: str) -> str:
        """Say which steps a task's lag counts; empty if nothing says so."""
        means = self._task(task).task_lag_means
        return self.words.name(means) if means else ""

    def _task(self, name: str) -> TaskWords:
        return self.findings.task_words.get(name) or TaskWords(name).filled()

    def cell(self, task: str, lag: int | None = None) -> str:
        """A setting in few words: 'adding 50'; without a lag, the task alone."""
        short = self.words.name(self._task(task).task_short)
        return short if lag is None else f"{short} {self.numbers.count(lag)}"

    def lag(self, lag: int) -> str:
        """'lag 50'."""
        return self.words("lag {lag}", lag=self.numbers.count(lag))

    def arm(self, name: str) -> str:
        """An arm's title: the preset's own where it gives one in this language."""
        matrix = self.findings.matrices.get(name)
        titles = [study.arm_title for study in matrix.studies if study.arm_title] if matrix else []
        own = titles[-1].get(self.words.code) if titles else None
        return own or self.words.name(ARMS.get(name, name))

    def family(self, name: str) -> str:
        """A family of techniques."""
        return self.words.name(FAMILIES.get(name, name))

    def profile(self, technique: str, quantity: str) -> str:
        """A gradient's profile: 'LSTM', 'LSTM, c'."""
        name = self.technique(technique)
        if quantity == "h":
            return name
        return self.words("{technique}, {quantity}", technique=name, quantity=self.quantity(quantity))

    def quantity(self, name: str) -> str:
        """Name a quantity that a gradient is taken with respect to."""
        return self.words.name(QUANTITIES.get(name, name))

    def level(self, name: str) -> str:
        """A metric, or a level of one."""
        return self.words.name(name)

    def metric(self, task: str) -> str:
        """A task's metric; a dash if nothing was trained on it."""
        levels = self.findings.levels(task)
        return self.numbers.none if levels is None else self.level(levels.metric)

    def verdict(self, verdict: Verdict) -> str:
        """A verdict in a word or two."""
        return self.words(VERDICTS[verdict])

    def symbol(self, verdict: str) -> str:
        """Return the symbol in front of a verdict."""
        return SYMBOLS[verdict]
