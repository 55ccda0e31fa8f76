"""Compares two snapshots: verdicts that flipped, quality and speed that differ significantly, and why.

Only like is compared with like: results of equal protocols, speeds of equal machines and sizes of work.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.errors import BenchError
from bench.evidence.assess import LARGEST
from bench.evidence.questions import DECIDED
from bench.evidence.scope import BASELINE
from bench.evidence.statistics import LEVEL, Array, Interval, holm, reaching
from bench.history import causes
from bench.history.causes import Cause
from bench.history.differences import rise_interval, scores_interval, scores_p, smallest_scores_p
from bench.records.snapshot import CellState, ClaimState, Snapshot, SpeedState

Verdict = Literal["worse", "better", "not told apart", "too few"]
"""`too few`: too few seeds to detect any difference."""
LEAST_FACTOR = 1.05
"""A time that is surely this many times as long is slower."""
SEED = 20251123
LOSS_SLACK = 1e-3
"""Largest share by which losses may differ through rounding: more comes of other arithmetic."""


@dataclass(frozen=True)
class Flip:
    """A claim whose verdict changed."""

    before: ClaimState
    after: ClaimState
    causes: tuple[Cause, ...]

    @property
    def worse(self) -> bool:
        """Return True if a decided verdict was lost or turned, though the same question was asked."""
        same_question = not {cause.kind for cause in self.causes} & {"claims", "protocol"}
        return self.before.verdict in DECIDED and same_question


@dataclass(frozen=True)
class QualityChange:
    """A change in how a technique learns a task, by the mean score: the share of the budget left when it had solved."""

    arm: str
    technique: str
    task: str
    lags: tuple[int, ...]
    before: float
    after: float
    interval: Interval
    """Interval of the difference, not widened for other comparisons."""
    p: float | None
    """Adjusted for all comparisons of two snapshots; None: too few seeds to detect anything."""
    seeds: tuple[int, int]
    verdict: Verdict
    causes: tuple[Cause, ...]


@dataclass(frozen=True)
class SpeedChange:
    """An update's time, in shares of the baseline's; of the baseline itself, in those of a yardstick."""

    technique: str
    task: str
    lag: int
    factor: float
    """Ratio of the new time to the old one."""
    interval: Interval
    """Interval of the factor, wide enough to hold for all techniques together."""
    verdict: Verdict
    causes: tuple[Cause, ...]


@dataclass(frozen=True)
class ClaimsChange:
    """A family of claims whose tests are not what they were."""

    family: str
    before: str
    """Hash of the claims; empty if the family was not judged then."""
    after: str


@dataclass(frozen=True)
class Drift:
    """Equal code gave another loss after a few updates."""

    technique: str
    before: float | None
    after: float | None
    causes: tuple[Cause, ...]


@dataclass(frozen=True)
class Changes:
    """All that changed between two snapshots."""

    old: Snapshot
    new: Snapshot
    flips: tuple[Flip, ...]
    quality: tuple[QualityChange, ...]
    """Comparisons, one for each technique and task that was trained again under the same protocol."""
    cells: int
    """Settings that both have under the same protocol."""
    speeds: tuple[SpeedChange, ...]
    drifts: tuple[Drift, ...]
    claims: tuple[ClaimsChange, ...]
    unlike: tuple[str, str] | None
    """The two machines whose speeds cannot be compared."""


def compare(old: Snapshot, new: Snapshot) -> Changes:
    """Set `new` against `old`; raises BenchError where the two have nothing in common to compare."""
    places = {cell.place for cell in old.cells}
    shared = sum(cell.place in places for cell in new.cells)
    alike = old.sampled is not None and new.sampled is not None and old.sampled.machine == new.sampled.machine
    speeds = _speeds(old, new) if alike else ()
    if not shared and not speeds:
        raise BenchError(
            f"Snapshots {old.id} and {new.id} cannot be compared: they have no setting in common under the same "
            "protocol. Name two of the same preset."
        )
    machines = [" ".join(map(str, s.sampled.machine[:2])) if s.sampled else "" for s in (old, new)]
    return Changes(
        old,
        new,
        flips=flips(old, new),
        quality=_quality(old, new),
        cells=shared,
        speeds=speeds,
        drifts=_drifts(old, new),
        claims=claims_changed(old, new),
        unlike=None if alike else (machines[0], machines[1]),
    )


def flips(old: Snapshot, new: Snapshot) -> tuple[Flip, ...]:
    """Return the claims with a different verdict, and why it changed."""
    known = {claim.id: claim for claim in old.claims}
    pairs = [(known[claim.id], claim) for claim in new.claims if claim.id in known]
    return tuple(Flip(a, b, causes.of_flip(old, new, a, b)) for a, b in pairs if a.verdict != b.verdict)


def claims_changed(old: Snapshot, new: Snapshot) -> tuple[ClaimsChange, ...]:
    """Return the families of claims that have another hash; none where one of the snapshots is too old to have any."""
    if not (old.families and new.families):
        return ()
    names = dict.fromkeys([*new.families, *old.families])
    both = [ClaimsChange(name, old.families.get(name, ""), new.families.get(name, "")) for name in names]
    return tuple(change for change in both if change.before != change.after)


# Quality


def _quality(old: Snapshot, new: Snapshot) -> tuple[QualityChange, ...]:
    """Compare techniques by task where anything was trained again, under one correction (Holm 1979, Tarone 1990)."""
    rng = np.random.default_rng(SEED)
    groups = [group for group in _shared(old, new) if any(a.code != b.code or causes.differs(a, b) for a, b in group)]
    samples = [_scores(group) for group in groups]
    able = reaching([smallest_scores_p(*sample) for sample in samples])
    adjusted = iter(holm([scores_p(*sample, rng) for sample, can in zip(samples, able, strict=True) if can]).tolist())
    return tuple(
        _quality_change(old, new, group, sample, next(adjusted) if can else None)
        for group, sample, can in zip(groups, samples, able, strict=True)
    )


Pair = tuple[CellState, CellState]


def _shared(old: Snapshot, new: Snapshot) -> list[list[Pair]]:
    """Settings that both have under the same protocol and that train, by arm, technique and task."""
    known = {cell.place: cell for cell in old.cells}
    groups: dict[tuple[str, str, str], list[Pair]] = {}
    for cell in new.cells:
        if cell.place in known and cell.budget:
            groups.setdefault((cell.arm, cell.technique, cell.task), []).append((known[cell.place], cell))
    return [group for group in groups.values() if all(len(values) for values in _scores(group)[:2])]


def _scores(group: Sequence[Pair]) -> tuple[Array, Array, bool]:
    """Return one value per seed, the mean over lags, before and after, and whether the seeds are the same."""
    before, after = (_by_seed([pair[side] for pair in group]) for side in (0, 1))
    return np.array([*before.values()]), np.array([*after.values()]), before.keys() == after.keys()


def _by_seed(cells: Sequence[CellState]) -> dict[int, float]:
    """A lag that the ladder spared scores 0."""
    ran = [cell.scores() for cell in cells if cell.seeds]
    seeds = sorted(set.intersection(*(set(scores) for scores in ran))) if ran else []
    return {seed: sum(scores[seed] for scores in ran) / len(cells) for seed in seeds}


def _quality_change(
    old: Snapshot, new: Snapshot, group: Sequence[Pair], sample: tuple[Array, Array, bool], p: float | None
) -> QualityChange:
    before, after, _ = sample
    means = float(before.mean()), float(after.mean())
    verdict: Verdict = "too few" if p is None else "not told apart"
    if p is not None and p <= LEVEL:
        verdict = "better" if means[1] > means[0] else "worse"
    cell = group[0][1]
    return QualityChange(
        arm=cell.arm,
        technique=cell.technique,
        task=cell.task,
        lags=tuple(b.lag for _, b in group),
        before=means[0],
        after=means[1],
        interval=scores_interval(before, after),
        p=p,
        seeds=(len(before), len(after)),
        verdict=verdict,
        causes=tuple(causes.of_cells(old, [a for a, _ in group], new, [b for _, b in group])),
    )


# Speed


def _speeds(old: Snapshot, new: Snapshot) -> tuple[SpeedChange, ...]:
    """Every technique that both snapshots timed at the same work; the interval holds for all of them together."""
    known = {speed.key: speed for speed in old.speeds}
    pairs = [(known[speed.key], speed) for speed in new.speeds if speed.key in known]
    pairs.sort(key=lambda pair: pair[1].technique != BASELINE)  # the others are set against it
    found: list[SpeedChange] = []
    moved = 0.0
    for before, after in pairs:
        told = _speed(old, new, before, after, len(pairs), moved)
        if after.technique == BASELINE and told.verdict in ("worse", "better"):
            moved = math.log(told.factor)
        found.append(told)
    return tuple(found)


def _speed(
    old: Snapshot, new: Snapshot, before: SpeedState, after: SpeedState, family: int, moved: float
) -> SpeedChange:
    """`moved`: by how much the baseline's own time rose, which must not count for or against others (logarithm)."""
    first, last = np.log(before.ratios), np.log(after.ratios) + moved
    interval = Interval(*(math.exp(min(end, LARGEST)) for end in rise_interval(first, last, family)))
    verdict: Verdict = "not told apart"
    if interval.low > LEAST_FACTOR or interval.high < 1 / LEAST_FACTOR:
        verdict = "worse" if interval.low > 1 else "better"
    why = causes.of_speed(old, new, before, after) if verdict != "not told apart" else ()
    factor = math.exp(min(last.mean() - first.mean(), LARGEST))
    return SpeedChange(after.technique, after.task, after.lag, factor, interval, verdict, why)


def _drifts(old: Snapshot, new: Snapshot) -> tuple[Drift, ...]:
    """Find the techniques with the same code but a different loss after the same few updates."""
    known = {(*speed.key, speed.technique_hash, speed.task_hash): speed for speed in old.speeds}
    found = []
    for speed in new.speeds:
        before = known.get((*speed.key, speed.technique_hash, speed.task_hash))
        if before is not None and not _alike(before.loss, speed.loss):
            why = causes.of_speed(old, new, before, speed)
            found.append(Drift(speed.technique, before.loss, speed.loss, why))
    return tuple(found)


def _alike(before: float | None, after: float | None) -> bool:
    if before is None or after is None:
        return before is after
    return math.isclose(before, after, rel_tol=LOSS_SLACK)


def worse(changes: Changes, kinds: Iterable[str]) -> list[str]:
    """Name what is worse, of the kinds `verdict`, `quality` and `speed`."""
    wanted = set(kinds)
    found = []
    if "verdict" in wanted:
        found += [f"verdict {flip.after.id}" for flip in changes.flips if flip.worse]
    if "quality" in wanted:
        found += [f"quality {c.technique} {c.task} ({c.arm})" for c in changes.quality if c.verdict == "worse"]
    if "speed" in wanted:
        found += [f"speed {c.technique}" for c in changes.speeds if c.verdict == "worse"]
    return found
