"""Shows what changed from run to run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bench.evidence.wording import VERDICTS
from bench.history.causes import Cause
from bench.history.changes import Changes, Flip
from bench.history.timeline import History
from bench.languages import words
from bench.records.snapshot import Snapshot
from bench.records.study import MAIN
from bench.report.document import Block, Cell, Column, Figure, Group, Row, Table, Text
from bench.report.draw.sparklines import speed_lines
from bench.report.section import ReportSection
from bench.report.sentences import MOST_NAMED

FIGURE = words(
    "Time of an update, run by run: the median of a run's processes, as a multiple of the baseline's (the baseline's "
    "own: of a fixed piece of work), each on a scale of its own. Beside it stands the newest. A bar marks a step "
    "that is told from noise."
)
NAMED = {"technique", "seeds", "settings", "retrained"}
"""Causes whose names are techniques."""
CAUSES = {
    "claims": words("the claim's own test changed"),
    "protocol": words("the protocol of {names} changed"),
    "engine": words("the code that all techniques share changed"),
    "technique": words("the code of {names} changed"),
    "task": words("the code of the task {names} changed"),
    "program": words("the program changed ({before} → {after}), though not the code of technique and task"),
    "libraries": words("libraries changed: {names}"),
    "machine": words("another machine: {names}"),
    "seeds": words("seeds: {before} → {after} ({names})"),
    "settings": words("other settings were measured: {names}"),
    "retrained": words("trained again with the same code but different results: {names}"),
    "costs": words("costs were measured again"),
    "correction": words("only the correction changed: {before} → {after} comparisons"),
    "judge": words("the code that judges, or its libraries, changed"),
    "unknown": words("no recorded cause"),
}
HOW = {
    "worse": words("worse"),
    "better": words("better"),
    "slower": words("slower"),
    "faster": words("faster"),
    "flipped": words("changed"),
    "drifted": words("drifted"),
}


class Changed(NamedTuple):
    """Something that changed."""

    what: str
    change: str
    how: str
    """A key of HOW."""
    why: str


class ChangesOfRuns(ReportSection):
    """The changes since the run before, earlier ones, and the speeds over all runs."""

    name = "history"
    order = 80
    title = words("What changed")

    def blocks(self) -> Iterator[Block]:
        if self.findings.history is None:
            return
        yield Text(
            self.words(
                "Every run ends with a snapshot of what is known and with a small sample of every technique's speed. "
                "Only results with the same protocol, and speeds on the same kind of machine, are compared."
            )
        )
        for sentence in self._since():
            yield Text(sentence)
        yield from self._latest()
        if picture := speed_lines(self._history, self.say):
            yield Figure(picture, self.words(FIGURE), "history")
        if steps := self._steps():
            yield self._earlier_table(steps, self.words("Times of an update that took a lasting step."))
        if flips := self._earlier():
            yield self._earlier_table(flips, self.words("Verdicts that changed in earlier runs."))

    def _latest(self) -> Iterator[Block]:
        if rows := self._rows():
            heads = (self.words("What"), self.words("Change"), self.words("Judgement"), self.words("Why"))
            cells = tuple(Row((Cell(row.what, "row"), row.change, self.words(HOW[row.how]), row.why)) for row in rows)
            yield Table(tuple(map(Column, heads)), (Group(cells),), self._caption(), kind="ledger")
        elif self._history.latest:
            yield Text(self.words("Nothing has changed significantly."), "note")

    def _earlier_table(self, found: list[tuple[str, Changed]], caption: str) -> Table:
        heads = (self.words("Run"), self.words("What"), self.words("Change"), self.words("Why"))
        cells = tuple(Row((Cell(run, "row"), row.what, row.change, row.why)) for run, row in found)
        return Table(tuple(map(Column, heads)), (Group(cells),), caption, kind="ledger")

    @property
    def _history(self) -> History:
        assert self.findings.history is not None  # else there are no blocks
        return self.findings.history

    def _since(self) -> list[str]:
        """Say what was compared, and what could not be."""
        changes, n = self._history.latest, self.numbers
        new = self._run(self._history.snapshots[-1])
        if changes is None:
            return [
                self.words(
                    "The run of {new} and the one before it have no setting under the same protocol, and so "
                    "cannot be compared.",
                    new=new,
                )
            ]
        few = sum(q.verdict == "too few" for q in changes.quality)
        counts = {"settings": changes.cells, "anew": len(changes.quality), "speeds": len(changes.speeds)}
        counted = {name: n.count(value) for name, value in counts.items()}
        said = [
            self.words(
                "The run of {new} is compared with that of {old}. Settings with the same protocol in both: "
                "{settings}; pairs of technique and task among them that were trained again: {anew}; "
                "speeds sampled in both: {speeds}.",
                new=new,
                old=self._run(changes.old),
                **counted,
            )
        ]
        said += (
            [self.words("Pairs with too few seeds to detect any difference: {count}.", count=n.count(few))]
            if few
            else []
        )
        if changes.claims:
            moved = [f"{c.family} {c.before or n.none} → {c.after or n.none}" for c in changes.claims]
            said.append(self.words("The tests of claims have changed: {changes}.", changes=n.join(moved)))
        return said + (
            [self.words("Speeds are not compared: the runs were made on different machines, or without a sample.")]
            if changes.unlike
            else []
        )

    def _caption(self) -> str:
        """Write the caption of the table of changes."""
        assert self._history.latest is not None
        return self.words(
            "What changed since the run of {old}. A score is the share of the budget that is left "
            "when the task is solved; times are multiples of the baseline's, the baseline's own of a "
            "fixed piece of work.",
            old=self._run(self._history.latest.old),
        )

    def _rows(self) -> list[Changed]:
        """List what changed since the run before."""
        changes = self._history.latest
        return [] if changes is None else [*map(self._flip, changes.flips), *self._changed(changes)]

    def _earlier(self) -> list[tuple[str, Changed]]:
        """Verdicts that changed in the runs before, the newest first, each with its run."""
        newest = self._history.snapshots[-1]
        return [
            (self._run(after), self._flip(flip))
            for _, after, flips in reversed(self._history.flips)
            for flip in flips
            if after is not newest
        ]

    def _steps(self) -> list[tuple[str, Changed]]:
        """Lasting steps of speed, the newest first, each with the first run at the new level."""
        return [
            (
                self._run(step.after),
                Changed(
                    self.words("{technique}: time of an update", technique=self.say.technique(step.series.technique)),
                    self.numbers.ratio(step.factor),
                    "slower" if step.factor > 1 else "faster",
                    self._why(step.causes),
                ),
            )
            for step in reversed(self._history.steps)
        ]

    def _run(self, snapshot: Snapshot) -> str:
        """A run by its time and commit."""
        when, commit = self.numbers.when(snapshot.taken), snapshot.origin.commit[:8]
        return self.words("{when} ({commit})", when=when, commit=commit)

    def _why(self, causes: Sequence[Cause]) -> str:
        """Causes, one after the other."""
        return self.words.rules.between_clauses.join(self._cause(cause) for cause in causes)

    def _cause(self, cause: Cause) -> str:
        kind = cause.kind
        numbered = kind in ("program", "seeds", "correction")
        before, after = cause.names[:2] if numbered else ("", "")
        names = [self._name(kind, name) for name in (cause.names[2:] if numbered else cause.names)]
        more = len(names) - MOST_NAMED
        shown = names[:MOST_NAMED] + ([self.words("{count} more", count=more)] if more > 0 else [])
        return self.words(CAUSES[kind], before=before, after=after, names=self.numbers.join(shown))

    def _name(self, kind: str, name: str) -> str:
        if kind in NAMED:
            return self.say.technique(name)
        return self.say.task(name) if kind in ("task", "protocol") else name

    def _flip(self, flip: Flip) -> Changed:
        named = {str(verdict): word for verdict, word in VERDICTS.items()}
        verdicts = {k: self.words(named[v.verdict]) for k, v in (("before", flip.before), ("after", flip.after))}
        what, change = self.words("{claim}: verdict", claim=flip.after.id), "{before} → {after}".format(**verdicts)
        return Changed(what, change, "worse" if flip.worse else "flipped", self._why(flip.causes))

    def _changed(self, changes: Changes) -> Iterator[Changed]:
        """List changes of quality, speed and arithmetic that are significant."""
        n = self.numbers
        for q in changes.quality:
            if q.verdict in ("worse", "better"):
                cell = self.say.cell(q.task) if q.arm == MAIN else f"{self.say.cell(q.task)} ({self.say.arm(q.arm)})"
                low, high = q.interval
                ends = {"low": n.signed(low), "high": n.signed(high)}
                change = self.words(
                    "{before} → {after} (difference {low} to {high})",
                    before=f"{q.before:.2f}",
                    after=f"{q.after:.2f}",
                    **ends,
                )
                what = self.words("{technique}, {cell}: score", technique=self.say.technique(q.technique), cell=cell)
                yield Changed(what, change, q.verdict, self._why(q.causes))
        for s in changes.speeds:
            if s.verdict in ("worse", "better"):
                factors = {"low": n.factor(s.interval.low), "high": n.factor(s.interval.high)}
                change = self.words("{factor} ({low} to {high})", factor=n.ratio(s.factor), **factors)
                what = self.words("{technique}: time of an update", technique=self.say.technique(s.technique))
                yield Changed(what, change, "slower" if s.verdict == "worse" else "faster", self._why(s.causes))
        for d in changes.drifts:
            losses = {k: n.none if x is None else f"{x:.4g}" for k, x in (("before", d.before), ("after", d.after))}
            what = self.words("{technique}: loss after a few updates", technique=self.say.technique(d.technique))
            yield Changed(what, "{before} → {after}".format(**losses), "drifted", self._why(d.causes))
