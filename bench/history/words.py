"""Words for changes, for a terminal and as records for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bench.evidence.claims import SOURCE
from bench.evidence.scope import BASELINE
from bench.history.causes import Cause
from bench.history.changes import Changes, ClaimsChange, Flip
from bench.history.timeline import History, SpeedStep
from bench.records.snapshot import Snapshot

MOST_NAMED = 5

_CAUSES = {
    "claims": "the claim's own test changed",
    "protocol": "the protocol of {names} changed",
    "engine": "the code that all techniques share changed",
    "technique": "the code of {names} changed",
    "task": "the code of the task {names} changed",
    "program": "the commit changed, {from_to}, though the code of technique and task did not",
    "libraries": "libraries changed: {names}",
    "machine": "another machine: {names}",
    "seeds": "other seeds, {from_to}: {rest}",
    "settings": "other settings were measured: {names}",
    "retrained": "trained again with the same code but different results: {names}",
    "costs": "costs were measured again",
    "correction": "only the correction changed: {from_to} comparisons and their results",
    "judge": "the code that judges, or its libraries, changed",
    "unknown": "no recorded cause",
}


def said(causes: Sequence[Cause]) -> str:
    """Causes as a clause."""
    return "; ".join(_cause(cause) for cause in causes)


def _cause(cause: Cause) -> str:
    names = cause.names
    return _CAUSES[cause.kind].format(names=_few(names), from_to=" → ".join(names[:2]), rest=_few(names[2:]))


def _few(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def as_lines(changes: Changes) -> list[dict[str, str]]:
    """Return a line for everything that changed significantly."""
    lines = [_flip(flip) for flip in changes.flips]
    for q in changes.quality:
        if q.verdict in ("worse", "better"):
            what = f"quality of {q.technique} on {q.task}" + ("" if q.arm == "main" else f" ({q.arm})")
            low, high = q.interval
            change = f"{q.before:.2f} → {q.after:.2f} [{low:+.2f}, {high:+.2f}]"
            lines.append(_line(q.verdict, what, change, said(q.causes)))
    for s in changes.speeds:
        if s.verdict in ("worse", "better"):
            word = "slower" if s.verdict == "worse" else "faster"
            low, high = s.interval
            beside = "over the yardstick's" if s.technique == BASELINE else "over the baseline's"
            what = f"time of {s.technique}, {beside}"
            lines.append(_line(word, what, f"{s.factor:.2f} × [{low:.2f}, {high:.2f}]", said(s.causes)))
    for d in changes.drifts:
        numbers = " → ".join("not a number" if x is None else f"{x:.6g}" for x in (d.before, d.after))
        lines.append(_line("drifted", f"arithmetic of {d.technique}", numbers, said(d.causes)))
    return lines


def _flip(flip: Flip) -> dict[str, str]:
    word = "worse" if flip.worse else "flipped"
    return _line(word, f"verdict on {flip.after.id}", flip_words(flip), said(flip.causes))


def flip_words(flip: Flip) -> str:
    """'supported → undecided'."""
    return f"{flip.before.verdict} → {flip.after.verdict}"


def claims_line(change: ClaimsChange) -> str:
    """'source 1a2b3c → 4d5e6f'; a dash stands for a family that was not judged."""
    return f"{change.family} {change.before or '-'} → {change.after or '-'}"


def _line(how: str, what: str, change: str, why: str) -> dict[str, str]:
    return {"how": how, "what": what, "change": change, "why": why}


def notes(changes: Changes) -> list[str]:
    """Say what was compared, and what could not be."""
    few = sum(q.verdict == "too few" for q in changes.quality)
    lines = [
        f"Compared {changes.cells} settings with the same protocol ({len(changes.quality)} pairs of technique and "
        f"task were trained again) and {len(changes.speeds)} speeds."
    ]
    if few:
        lines.append(f"For {few} of the pairs, there are too few seeds to detect any difference.")
    if changes.claims:
        lines.append(f"The tests of claims have changed: {'; '.join(map(claims_line, changes.claims))}.")
    if changes.unlike is not None:
        lines.append(f"Speeds were not compared: {_unlike(changes.unlike)}.")
    return lines


def _unlike(machines: tuple[str, str]) -> str:
    if not all(machines):
        return "only one of the snapshots, or neither, has a sample of them"
    return f"the machines differ ({machines[0]}; {machines[1]})"


def step_line(step: SpeedStep) -> dict[str, str]:
    """A lasting change of speed."""
    return {
        "since": step.after.taken,
        "technique": step.series.technique,
        "time": f"{step.factor:.2f} ×",
        "p": f"{step.p:.2g}",
        "why": said(step.causes),
    }


def snapshot_line(snapshot: Snapshot) -> dict[str, Any]:
    """One run."""
    verdicts = [claim.verdict.removeprefix("weakly ") for claim in snapshot.claims]
    words = ("supported", "in part", "contradicted", "practically equal", "undecided")
    counts = {word: verdicts.count(word) for word in words}
    return {
        "id": snapshot.id,
        "taken": snapshot.taken,
        "preset": snapshot.preset,
        "commit": snapshot.origin.commit[:10] + ("+" if snapshot.origin.dirty else ""),
        "machine": snapshot.origin.cpu,
        "settings": sum(bool(cell.seeds) for cell in snapshot.cells),
        **{word.split()[-1]: count for word, count in counts.items()},
        "speeds": len(snapshot.speeds),
        "claims": snapshot.families.get(SOURCE, ""),
    }


def changes_record(changes: Changes, bad: Sequence[str]) -> dict[str, Any]:
    """All of a comparison, for JSON."""
    return {
        "old": snapshot_line(changes.old),
        "new": snapshot_line(changes.new),
        "worse": list(bad),
        "settings_compared": changes.cells,
        "verdicts": [_flip_record(flip) for flip in changes.flips],
        "quality": [_record(q) for q in changes.quality],
        "speeds": [_record(s) for s in changes.speeds],
        "speeds_unlike": changes.unlike,
        "drifts": [_record(d) for d in changes.drifts],
        "claims": [asdict(change) for change in changes.claims],
    }


def history_record(history: History) -> dict[str, Any]:
    """All of a history, for JSON."""
    return {
        "runs": [snapshot_line(snapshot) for snapshot in history.snapshots],
        "latest": history.latest and changes_record(history.latest, []),
        "flips": [
            {"before": before.id, "after": after.id, "verdicts": [_flip_record(flip) for flip in flips]}
            for before, after, flips in history.flips
        ],
        "claims": [
            {"after": after.id, "changed": [asdict(change) for change in changes]} for after, changes in history.claims
        ],
        "steps": [{**step_line(step), "factor": step.factor, "p": step.p} for step in history.steps],
    }


def _flip_record(flip: Flip) -> dict[str, Any]:
    both = {"before": flip.before, "after": flip.after}
    numbers = ("verdict", "effect", "low", "high", "p", "n")
    return {
        "claim": flip.after.id,
        "worse": flip.worse,
        **{name: {key: getattr(state, key) for key in numbers} for name, state in both.items()},
        "causes": [asdict(cause) for cause in flip.causes],
        "why": said(flip.causes),
    }


def _record(change: Any) -> dict[str, Any]:
    return {**asdict(change), "why": said(change.causes)}
