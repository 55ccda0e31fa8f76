"""Explains why something changed between two snapshots, by what differs among the things that it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.records.snapshot import CellState, ClaimState, Origin, Snapshot, SpeedState

Kind = Literal[
    "claims", "protocol", "engine", "technique", "task", "program", "libraries", "machine", "seeds", "settings",
    "retrained", "costs", "correction", "judge", "unknown",
]  # fmt: skip


@dataclass(frozen=True)
class Cause:
    """One thing that changed; `names` says which, or from what to what."""

    kind: Kind
    names: tuple[str, ...] = ()


def of_flip(old: Snapshot, new: Snapshot, before: ClaimState, after: ClaimState) -> tuple[Cause, ...]:
    """List why a claim's verdict changed. The first cause weighs most: a changed test comes before changed data."""
    found = [Cause("claims")] if before.test != after.test else []
    if before.data != after.data:
        places = {*before.uses, *after.uses}
        own, theirs = ([c for c in s.cells if (c.arm, c.technique, c.task) in places] for s in (old, new))
        found += of_cells(old, own, new, theirs) or [Cause("costs")]
    if found:
        return tuple(found)
    if old.judge != new.judge:
        return (Cause("judge"),)
    return (Cause("correction", (str(old.comparisons), str(new.comparisons))),)


def of_cells(old: Snapshot, before: Sequence[CellState], new: Snapshot, after: Sequence[CellState]) -> list[Cause]:
    """List what differs between two versions of the same settings."""
    rules, code = _protocols(before, after), _code(old, new, before, after)
    known = {cell.place: cell for cell in before}
    shared = [(known[cell.place], cell) for cell in after if cell.place in known]
    alike = [(a, b) for a, b in shared if a.code == b.code]
    retrained = [b for a, b in alike if differs(a, b)]
    around = []
    if code or retrained:
        origins = _origins(old, [a for a, _ in shared]), _origins(new, [b for _, b in shared])
        around = between(*origins) or ([] if code else [_unseen(*origins, retrained)])
    seeds = _seeds(alike)
    settings = [] if rules else _settings(before, after)
    return [*rules, *code, *around, *seeds, *settings]


def differs(before: CellState, after: CellState) -> bool:
    """Return True if a seed that both versions of a setting have gave another score."""
    old, new = before.scores(), after.scores()
    return any(old[seed] != new[seed] for seed in old.keys() & new.keys())


def of_speed(old: Snapshot, new: Snapshot, before: SpeedState, after: SpeedState) -> tuple[Cause, ...]:
    """List why the time of an update changed: code of technique or task, libraries or machine, else the commit."""
    assert old.sampled is not None
    assert new.sampled is not None
    found = []
    if before.technique_hash != after.technique_hash:
        found.append(Cause("engine") if engine_changed(old, new) else Cause("technique", (after.technique,)))
    if before.task_hash != after.task_hash:
        found.append(Cause("task", (after.task,)))
    found += between([old.sampled], [new.sampled])
    if not found and old.sampled.commit != new.sampled.commit:
        found.append(Cause("program", (old.sampled.commit[:10], new.sampled.commit[:10])))
    return tuple(found) or (Cause("unknown"),)


def between(before: Sequence[Origin], after: Sequence[Origin]) -> list[Cause]:
    """List what is new among libraries and machines."""
    found = []
    if before and after:
        old, new = before[-1].libraries, after[-1].libraries
        changed = tuple(f"{name} {old[name]} → {new[name]}" for name in old if old[name] != new[name])
        found += [Cause("libraries", changed)] if changed else []
        known = {origin.machine for origin in before}
        strange = [origin for origin in after if origin.machine not in known]
        found += [Cause("machine", tuple(dict.fromkeys(_machine(o) for o in strange)))] if strange else []
    return found


def engine_changed(old: Snapshot, new: Snapshot) -> bool:
    """Return True if each of at least three techniques has other code: then the code that they share has changed."""
    codes = [
        {c.technique: c.technique_hash for c in s.cells} | {c.technique: c.technique_hash for c in s.speeds}
        for s in (old, new)
    ]
    shared = codes[0].keys() & codes[1].keys()
    return len(shared) >= 3 and all(codes[0][name] != codes[1][name] for name in shared)


def _protocols(before: Sequence[CellState], after: Sequence[CellState]) -> list[Cause]:
    rules = [{(c.arm, c.task): c.protocol for c in cells} for cells in (before, after)]
    tasks = {task for (arm, task), rule in rules[1].items() if rules[0].get((arm, task), rule) != rule}
    return [Cause("protocol", tuple(sorted(tasks)))] if tasks else []


def _code(old: Snapshot, new: Snapshot, before: Sequence[CellState], after: Sequence[CellState]) -> list[Cause]:
    found = []
    for kind, attribute in (("technique", "technique_hash"), ("task", "task_hash")):
        codes = [{(getattr(c, kind), getattr(c, attribute)) for c in cells} for cells in (before, after)]
        known = {name for name, _ in codes[0]}
        names = tuple(sorted({name for name, _ in codes[1] - codes[0] if name in known}))
        if names and kind == "technique" and engine_changed(old, new):
            found.append(Cause("engine"))
        elif names:
            found.append(Cause(kind, names))  # type: ignore[arg-type]
    return found


def _unseen(before: Sequence[Origin], after: Sequence[Origin], cells: Sequence[CellState]) -> Cause:
    """Equal hashes, libraries and machines gave other numbers: the rest of the program's code, or we do not know."""
    commits = before[-1].commit[:10], after[-1].commit[:10]
    return Cause("program", commits) if commits[0] != commits[1] else Cause("retrained", _techniques(cells))


def _seeds(pairs: Sequence[tuple[CellState, CellState]]) -> list[Cause]:
    """Compare the numbers of seeds. The names are both numbers where they differ most, then the techniques."""
    grown = [(a, b) for a, b in pairs if set(a.seeds) != set(b.seeds)]
    if not grown:
        return []
    most = max(grown, key=lambda pair: abs(len(pair[1].seeds) - len(pair[0].seeds)))
    return [Cause("seeds", (*(str(len(cell.seeds)) for cell in most), *_techniques(b for _, b in grown)))]


def _settings(before: Sequence[CellState], after: Sequence[CellState]) -> list[Cause]:
    """Settings that only one of the two has."""
    places = [{cell.place for cell in cells} for cells in (before, after)]
    alone = [c for c in (*after, *before) if c.place not in places[0] & places[1]]
    return [Cause("settings", _techniques(alone))] if alone else []


def _origins(snapshot: Snapshot, cells: Iterable[CellState]) -> list[Origin]:
    return [snapshot.origins[place] for place in sorted({place for cell in cells for place in cell.origins})]


def _techniques(cells: Iterable[CellState]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(cell.technique for cell in cells))


def _machine(origin: Origin) -> str:
    return f"{origin.cpu}, {origin.accelerator}"
