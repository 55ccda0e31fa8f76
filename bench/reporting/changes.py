"""What changed from run to run, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bench.history.causes import Cause
from bench.history.changes import Changes, Flip
from bench.history.timeline import History
from bench.records.snapshot import Snapshot
from bench.records.study import MAIN
from bench.reporting.sentences import MOST_NAMED, Sentences

NAMED = {"technique", "seeds", "settings", "retrained"}
"""Causes whose names are techniques."""


class Row(NamedTuple):
    """Something that changed."""

    what: str
    change: str
    how: str
    """A key of the catalogue's `history.how`."""
    why: str


class ChangeWords:
    """The history of one report in one language."""

    def __init__(self, say: Sentences, history: History) -> None:
        self.say, self.words, self.numbers, self.history = say, say.words, say.numbers, history

    def since(self) -> list[str]:
        """What was compared, and what could not be."""
        changes, n = self.history.latest, self.numbers
        new = self.run(self.history.snapshots[-1])
        if changes is None:
            return [self.words("history.incomparable", new=new)]
        few = sum(q.verdict == "too few" for q in changes.quality)
        counts = {"settings": changes.cells, "anew": len(changes.quality), "speeds": len(changes.speeds)}
        counted = {name: n.count(value) for name, value in counts.items()}
        said = [self.words("history.since", new=new, old=self.run(changes.old), **counted)]
        said += [self.words("history.few", count=n.count(few))] if few else []
        return said + ([self.words("history.unlike")] if changes.unlike else [])

    def caption(self) -> str:
        """Of the table of changes."""
        assert self.history.latest is not None
        return self.words("history.caption", old=self.run(self.history.latest.old))

    def rows(self) -> list[Row]:
        """What changed since the run before."""
        changes = self.history.latest
        return [] if changes is None else [*map(self._flip, changes.flips), *self._told(changes)]

    def earlier(self) -> list[tuple[str, Row]]:
        """Verdicts that changed in the runs before, the newest first, each with its run."""
        newest = self.history.snapshots[-1]
        return [
            (self.run(after), self._flip(flip))
            for _, after, flips in reversed(self.history.flips)
            for flip in flips
            if after is not newest
        ]

    def steps(self) -> list[tuple[str, Row]]:
        """Lasting steps of speed, the newest first, each with the first run at the new level."""
        return [
            (
                self.run(step.after),
                Row(
                    self.words("history.speed", technique=self.say.technique(step.series.technique)),
                    self.numbers.ratio(step.factor),
                    "slower" if step.factor > 1 else "faster",
                    self.why(step.causes),
                ),
            )
            for step in reversed(self.history.steps)
        ]

    def run(self, snapshot: Snapshot) -> str:
        """A run by its time and commit."""
        when, commit = self.numbers.when(snapshot.taken), snapshot.origin.commit[:8]
        return self.words("history.run", when=when, commit=commit)

    def why(self, causes: Sequence[Cause]) -> str:
        """Causes, one after the other."""
        return self.words("list.semicolon").join(self._cause(cause) for cause in causes)

    def alt(self, techniques: int) -> str:
        """What the figure shows."""
        counts = {"techniques": techniques, "runs": len(self.history.snapshots), "steps": len(self.history.steps)}
        return self.words("history.alt", **{name: self.numbers.count(value) for name, value in counts.items()})

    def _cause(self, cause: Cause) -> str:
        kind = cause.kind
        numbered = kind in ("program", "seeds", "correction")
        before, after = cause.names[:2] if numbered else ("", "")
        names = [self._name(kind, name) for name in (cause.names[2:] if numbered else cause.names)]
        more = len(names) - MOST_NAMED
        shown = names[:MOST_NAMED] + ([self.words("list.more", count=more)] if more > 0 else [])
        return self.words(f"history.cause.{kind}", before=before, after=after, names=self.numbers.join(shown))

    def _name(self, kind: str, name: str) -> str:
        if kind in NAMED:
            return self.say.technique(name)
        return self.say.task(name) if kind in ("task", "protocol") else name

    def _flip(self, flip: Flip) -> Row:
        verdicts = {
            k: self.words.name("verdicts", v.verdict) for k, v in (("before", flip.before), ("after", flip.after))
        }
        what, change = self.words("history.verdict", claim=flip.after.id), self.words("history.turn", **verdicts)
        return Row(what, change, "worse" if flip.worse else "flipped", self.why(flip.causes))

    def _told(self, changes: Changes) -> Iterator[Row]:
        """Quality, speed and arithmetic, where they can be told apart."""
        n = self.numbers
        for q in changes.quality:
            if q.verdict in ("worse", "better"):
                cell = self.say.cell(q.task) if q.arm == MAIN else f"{self.say.cell(q.task)} ({self.say.arm(q.arm)})"
                low, high = q.interval
                ends = {"low": n.signed(low), "high": n.signed(high)}
                change = self.words("history.rise", before=f"{q.before:.2f}", after=f"{q.after:.2f}", **ends)
                what = self.words("history.quality", technique=self.say.technique(q.technique), cell=cell)
                yield Row(what, change, q.verdict, self.why(q.causes))
        for s in changes.speeds:
            if s.verdict in ("worse", "better"):
                factors = {"low": n.factor(s.interval.low), "high": n.factor(s.interval.high)}
                change = self.words("history.times", factor=n.ratio(s.factor), **factors)
                what = self.words("history.speed", technique=self.say.technique(s.technique))
                yield Row(what, change, "slower" if s.verdict == "worse" else "faster", self.why(s.causes))
        for d in changes.drifts:
            losses = {
                k: n.words("units.none") if x is None else f"{x:.4g}"
                for k, x in (("before", d.before), ("after", d.after))
            }
            what = self.words("history.drift", technique=self.say.technique(d.technique))
            yield Row(what, self.words("history.turn", **losses), "drifted", self.why(d.causes))
