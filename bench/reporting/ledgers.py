"""The ledgers' cells in words: names, protocol, failures, gaps, rules, provenance."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bench.evidence.estimates import CONFIDENCE, HORIZON_SHARE
from bench.evidence.ledgers import VERSIONS
from bench.evidence.scope import Scope
from bench.reporting.catalogue import Catalogue
from bench.reporting.findings import Findings
from bench.reporting.numbers import Numbers
from bench.tracking.layout import task_experiment


class Ledgers:
    """What stands in the tables of one report in one language."""

    def __init__(self, findings: Findings, words: Catalogue) -> None:
        self.findings, self.words, self.numbers = findings, words, Numbers(words)
        self.titles = {t.name: t.title for matrix in findings.matrices.values() for t in matrix.techniques if t.title}

    def study(self) -> str:
        """What the newest study is called, in another language if it has no name in this one."""
        newest = self.findings.scope.studies[-1]
        return newest.title.get(self.words.language) or next(iter(newest.title.values()), newest.preset)

    def technique(self, name: str) -> str:
        """A technique's name for readers; dials that were turned stand behind it."""
        base, _, dials = name.partition(":")
        title = self.words.name("techniques", base, self.titles.get(name) or self.titles.get(base, ""))
        if not dials:
            return title
        short = re.split("[,，]", title)[0]
        return self.words("units.dialled", technique=short, dials=dials.replace(":", ", "))

    def task(self, name: str) -> str:
        """A task's name for readers."""
        return self.words.name("tasks", name, self.findings.scope.task_titles.get(name, ""))

    def cell(self, task: str, lag: int | None = None) -> str:
        """A setting in few words: 'adding 50'; without a lag, the task alone."""
        short = self.words.name("short", task)
        return short if lag is None else self.words("units.cell", task=short, lag=self.numbers.count(lag))

    def arm(self, name: str) -> str:
        """An arm's name for readers, the preset's own where it gives one."""
        matrix = self.findings.matrices.get(name)
        titles = [study.arm_title for study in matrix.scope.studies if study.arm_title] if matrix else []
        own = titles[-1].get(self.words.language) if titles else None
        return own or self.words.name("arms", name)

    def unit(self, name: str) -> str:
        """What an effect's unit is called on an axis."""
        return self.words.name("units", name)

    def profile(self, technique: str, quantity: str) -> str:
        """A gradient's profile: 'LSTM', 'LSTM, c'."""
        name = self.technique(technique)
        return name if quantity == "h" else self.words("flow.of", technique=name, quantity=self.quantity(quantity))

    def quantity(self, name: str) -> str:
        """What a gradient is taken of."""
        return self.words.name("quantities", name)

    def metric(self, task: str) -> str:
        """What a task's metric is called; a dash if nothing was trained on it."""
        names = self.findings.scope.members.query("task == @task")["metric_name"]
        return self.words("units.none") if names.empty else self.words.name("metrics", names.iloc[0])

    def origin_of(self, task: str) -> str:
        """Where a task's runs lie, and how to get at them."""
        scope = self.findings.scope
        runs = self.numbers.count(int((scope.members["task"] == task).sum()))
        return self.words("task.origin", experiment=task_experiment(task), runs=runs, hash=scope.hashes[task])

    def tasks(self) -> str:
        """All tasks of the report."""
        return self.words("list.semicolon").join(map(self.task, self.findings.scope.tasks))

    def gap(self, state: str, reason: str, stopped_at: float) -> str:
        """Why a setting was not measured."""
        return self.words(f"state.{state}", reason=reason, lag=self.numbers.count(stopped_at))

    def left_out(self) -> str:
        """Which results of the store are not shown; empty if all are."""
        items = [
            self.words(
                "gaps.left_out_item",
                members=self.numbers.count(r.members),
                task=self.task(r.task),
                hash=r.protocol_hash,
            )
            for r in self.findings.scope.left_out.itertuples()
        ]
        return self.words("gaps.left_out", items=self.words("list.semicolon").join(items)) if items else ""

    def failure(self, row: Any) -> str:
        """Why members of a row of `evidence.ledgers.failures` failed, or when they diverged."""
        if row.outcome == "failed":
            return row.reason
        first, last = self.numbers.count(row.first), self.numbers.count(row.last)
        when = first if first == last else self.words("units.range", low=first, high=last)
        return self.words("failures.when", when=when)

    def protocol_rows(self) -> Iterator[tuple[str, list[str]]]:
        """Each entry of the protocol with its value for every task."""
        tasks = self.findings.scope.tasks
        columns = [dict(self.protocol(self.findings.scope, task)) for task in tasks]
        for key in columns[0]:
            yield key, [column[key] for column in columns]

    def rules(self) -> list[str]:
        """The protocol's rules."""
        values = {
            "confidence": self.numbers.percent(CONFIDENCE),
            "share": self.numbers.percent(HORIZON_SHARE),
        }
        return [self.words(f"rules.{rule}", **values) for rule in self.words.entries["rules"] if rule != "title"]

    def origin(self, row: Any) -> Iterator[tuple[str, str]]:
        """Each entry of a row of `evidence.ledgers.provenance`."""
        n = self.numbers
        yield "members", n.count(row.members)
        yield (
            "started",
            self.words("provenance.started_value", first=n.when(row.first), last=n.when(row.last)),
        )
        yield "commit", row.commit
        yield "dirty", self.words("provenance.dirty_yes" if row.dirty else "provenance.dirty_no")
        yield "versions", self.words("list.separator").join(f"{v} {getattr(row, v)}" for v in VERSIONS)
        yield "platform", row.platform
        yield "cpu", row.cpu
        yield "accelerator", row.accelerator
        yield "threads", n.count(row.threads)

    def protocol(self, scope: Scope, task: str) -> Iterator[tuple[str, str]]:
        """Each entry of a task's protocol in an arm."""
        n, rules = self.numbers, scope.protocols[task]
        yield "hidden_size", n.count(rules.hidden_size)
        yield "batch_size", n.count(rules.batch_size)
        yield "updates", n.count(rules.updates)
        yield "sequences", n.count(rules.updates * rules.batch_size)
        yield "evaluate_every", n.count(rules.evaluate_every)
        yield "held_out_size", n.count(rules.held_out_size)
        yield (
            "learning_rates",
            self.words("list.separator").join(f"{rate:g}" for rate in rules.learning_rates),
        )
        yield "tuning_seeds", n.count(rules.tuning_seeds)
        yield "seeds_tuning", self._seeds(scope, task, "tuning")
        yield "seeds_measured", self._seeds(scope, task, "measured")
        yield "optimizer", rules.optimizer
        yield (
            "clip_norm",
            self.words("fairness.clip_none") if rules.clip_norm is None else f"{rules.clip_norm:g}",
        )
        yield "initialisation", rules.initialisation
        yield "recurrent_gain", f"{rules.recurrent_gain:g}"
        yield "hash", scope.hashes[task]

    def _seeds(self, scope: Scope, task: str, role: str) -> str:
        """The range of the seeds used, e.g. 1–5."""
        members = scope.members
        seeds = members[(members["task"] == task) & (members["role"] == role)]["seed"]
        if seeds.empty:
            return self.words("units.none")
        return str(seeds.min()) if seeds.nunique() == 1 else f"{seeds.min()}–{seeds.max()}"
