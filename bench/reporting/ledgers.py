"""The ledgers' cells in words: names, protocol, failures, gaps, rules, provenance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.evidence.estimates import CONFIDENCE, HORIZON_SHARE
from bench.evidence.ledgers import VERSIONS
from bench.reporting.catalogue import Catalogue
from bench.reporting.findings import Findings
from bench.reporting.numbers import Numbers


class Ledgers:
    """What stands in the tables of one report in one language."""

    def __init__(self, findings: Findings, words: Catalogue) -> None:
        self.findings, self.words, self.numbers = findings, words, Numbers(words)
        self._titles = {t.name: t.title for t in findings.techniques}

    def technique(self, name: str) -> str:
        """A technique's name for readers; dials that were turned stand behind it."""
        base, _, dials = name.partition(":")
        title = self.words.name("techniques", base, self._titles.get(name, ""))
        return f"{title} ({dials.replace(':', ', ')})" if dials else title

    def task(self, name: str) -> str:
        """A task's name for readers."""
        return self.words.name("tasks", name)

    def metric(self, task: str) -> str:
        """What a task's metric is called; a dash if nothing was trained on it."""
        names = self.findings.scope.members.query("task == @task")["metric_name"]
        return self.words("units.none") if names.empty else self.words.name("metrics", names.iloc[0])

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
        columns = [dict(self._protocol(task)) for task in tasks]
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

    def _protocol(self, task: str) -> Iterator[tuple[str, str]]:
        n, rules = self.numbers, self.findings.scope.protocols[task]
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
        yield "seeds_tuning", self._seeds(task, "tuning")
        yield "seeds_measured", self._seeds(task, "measured")
        yield "optimizer", rules.optimizer
        yield (
            "clip_norm",
            self.words("fairness.clip_none") if rules.clip_norm is None else f"{rules.clip_norm:g}",
        )
        yield "initialisation", rules.initialisation
        yield "hash", self.findings.scope.hashes[task]

    def _seeds(self, task: str, role: str) -> str:
        """The range of the seeds used, e.g. 1–5."""
        members = self.findings.scope.members
        seeds = members[(members["task"] == task) & (members["role"] == role)]["seed"]
        if seeds.empty:
            return self.words("units.none")
        return str(seeds.min()) if seeds.nunique() == 1 else f"{seeds.min()}–{seeds.max()}"
