"""The history of a store: its snapshots in a row, and where speeds took a step."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.errors import BenchError
from bench.evidence.scope import BASELINE
from bench.history import causes
from bench.history.causes import Cause
from bench.history.changes import SEED, Changes, ClaimsChange, Flip, claims_changed, compare, flips
from bench.history.steps import Array, find_steps
from bench.records.cell import SettingKey
from bench.records.snapshot import Snapshot, SpeedState

LONGEST = 100
"""Runs that are looked through for steps, the newest."""

Key = tuple[str, str, int, str]


@dataclass(frozen=True)
class Series:
    """The speed of one technique at one piece of work on one machine, run by run."""

    technique: str
    task: str
    lag: int
    machine: tuple[str, str, int]
    runs: tuple[int, ...]
    """Places of its snapshots in the history."""
    ratios: tuple[float, ...]
    """Medians over processes: of the baseline's time, or of the yardstick's for the baseline."""

    @property
    def setting(self) -> SettingKey:
        """Return the key of what was timed."""
        return SettingKey(self.technique, self.task, self.lag)


@dataclass(frozen=True)
class SpeedStep:
    """A lasting change of a technique's speed."""

    series: Series
    before: Snapshot
    """Last run at the old level."""
    after: Snapshot
    """First run at the new level."""
    factor: float
    """Ratio of an update's time since then to the time before."""
    p: float
    causes: tuple[Cause, ...]


@dataclass(frozen=True)
class History:
    """The history of a store's results, run by run."""

    snapshots: tuple[Snapshot, ...]
    """Oldest first; at least one."""
    flips: tuple[tuple[Snapshot, Snapshot, tuple[Flip, ...]], ...]
    """Runs between which verdicts changed, each with the run before it."""
    claims: tuple[tuple[Snapshot, tuple[ClaimsChange, ...]], ...]
    """Runs before which claims changed, each with what changed."""
    latest: Changes | None
    """Changes since the run before; None if there is no comparable one."""
    series: tuple[Series, ...]
    steps: tuple[SpeedStep, ...]


def look_back(snapshots: Sequence[Snapshot]) -> History:
    """Assemble the history of snapshots, oldest first. Raises BenchError if there are none."""
    if not snapshots:
        raise BenchError("The store holds no snapshots yet: 'bptt-bench run' adds one at its end.")
    pairs = [(before, after, flips(before, after)) for before, after in _neighbours(snapshots)]
    claims = [(after, claims_changed(before, after)) for before, after in itertools.pairwise(snapshots)]
    series = _series(snapshots)
    return History(
        snapshots=tuple(snapshots),
        flips=tuple(pair for pair in pairs if pair[2]),
        claims=tuple(pair for pair in claims if pair[1]),
        latest=_latest(snapshots),
        series=tuple(series),
        steps=tuple(_steps(snapshots, series)),
    )


def previous(snapshots: Sequence[Snapshot], of: int = -1) -> Snapshot | None:
    """Return the snapshot that one is compared with: the newest earlier one of the same preset, else the one before."""
    earlier = snapshots[: len(snapshots) + of if of < 0 else of]
    same = [s for s in earlier if s.preset == snapshots[of].preset]
    found = same or earlier
    return found[-1] if found else None


def _neighbours(snapshots: Sequence[Snapshot]) -> list[tuple[Snapshot, Snapshot]]:
    found = [(previous(snapshots, place), snapshot) for place, snapshot in enumerate(snapshots)]
    return [(before, after) for before, after in found if before is not None]


def _latest(snapshots: Sequence[Snapshot]) -> Changes | None:
    before = previous(snapshots)
    try:
        return None if before is None else compare(before, snapshots[-1])
    except BenchError:  # another protocol altogether
        return None


def _series(snapshots: Sequence[Snapshot]) -> list[Series]:
    """Collect speeds by technique, work and machine, in the order in which they first appear."""
    found: dict[tuple[Key, tuple[str, str, int]], list[tuple[int, SpeedState]]] = {}
    for run, snapshot in list(enumerate(snapshots))[-LONGEST:]:
        for speed in snapshot.speeds if snapshot.sampled else ():
            assert snapshot.sampled is not None
            found.setdefault((speed.key, snapshot.sampled.machine), []).append((run, speed))
    return [
        Series(
            *key[:3],
            machine,
            tuple(run for run, _ in points),
            tuple(float(np.median(speed.ratios)) for _, speed in points),
        )
        for (key, machine), points in found.items()
    ]


def _steps(snapshots: Sequence[Snapshot], series: Sequence[Series]) -> list[SpeedStep]:
    """Lasting changes of speed, by their time; what the baseline's own steps did to others' ratios is taken out."""
    found: list[SpeedStep] = []
    of_baseline: dict[tuple[object, ...], list[SpeedStep]] = {}
    for technique in (True, False):
        own = [one for one in series if (one.technique == BASELINE) == technique]
        table = np.full((len(snapshots), len(own)), np.nan)
        for column, one in enumerate(own):
            table[list(one.runs), column] = np.log(one.ratios)
            for step in of_baseline.get((one.task, one.lag, one.machine), []):
                table[snapshots.index(step.after) :, column] += np.log(step.factor)
        steps = _told(snapshots, own, table)
        for step in steps if technique else ():
            of_baseline.setdefault((step.series.task, step.series.lag, step.series.machine), []).append(step)
        found += steps
    return sorted(found, key=lambda step: snapshots.index(step.after))


def _told(snapshots: Sequence[Snapshot], series: Sequence[Series], table: Array) -> list[SpeedStep]:
    told = []
    for step in find_steps(table, np.random.default_rng(SEED)) if series else ():
        one = series[step.series]
        runs = dict(itertools.pairwise(one.runs))
        last = next(before for before, after in runs.items() if after == step.run)
        before, after = snapshots[last], snapshots[step.run]
        states = [_state(snapshot, one) for snapshot in (before, after)]
        why = causes.of_speed(before, after, *states)
        told.append(SpeedStep(one, before, after, float(np.exp(step.size)), step.p, why))
    return told


def _state(snapshot: Snapshot, series: Series) -> SpeedState:
    return next(speed for speed in snapshot.speeds if speed.setting == series.setting)
