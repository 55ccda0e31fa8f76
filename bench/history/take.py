"""A snapshot of a store: everything in it is computed from what the store holds."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from typing import Protocol as Interface

import pandas as pd

import bench.evidence
from bench.errors import BenchError
from bench.evidence.claims import Claim, family_hashes, source_claims
from bench.evidence.estimates import summarise
from bench.evidence.horizons import horizons
from bench.evidence.scope import SETTING, Reading, ResultStore, Scope
from bench.evidence.verdicts import ClaimVerdict, PartVerdict, judge_scopes
from bench.records.cell import SettingKey
from bench.records.settings import digest
from bench.records.snapshot import CellState, ClaimState, HorizonState, Origin, PartState, Snapshot, SpeedState
from bench.records.study import MAIN

JUDGES = ("numpy", "scipy", "statsmodels")
"""Libraries that verdicts are computed with."""
DIGITS = 6
"""Significant digits that are kept."""
_ORIGIN = list(Origin.model_fields)


class HistoryStore(ResultStore, Interface):
    """The part of `bench.tracking.Store` that the history needs."""

    def timings(self) -> pd.DataFrame:
        """TIMINGS, the newest sample last."""

    def snapshots(self) -> list[Snapshot]:
        """The newest last."""


def take(store: HistoryStore, taken: datetime | None = None) -> Snapshot:
    """Summarise what the store's results say now, with the newest sample of speeds. Raises BenchError if it holds none.

    Equal results give equal snapshots, except for the time.
    """
    read = Reading(store)
    found = read.arms
    verdicts = judge_scopes(found)
    origins = _origins(found, read.members())
    sampled, speeds = _speeds(store.timings())
    if sampled is None and not origins:
        raise BenchError("The store holds no results of the current code: train them again first.")
    studies = store.studies()
    main = summarise(found[MAIN])
    return Snapshot(
        taken=(taken or datetime.now(UTC)).isoformat(timespec="seconds"),
        preset=studies[-1].preset if studies else "",
        judge=_judge(),
        comparisons=verdicts[0].comparisons,
        origins=tuple(origins),
        claims=tuple(_claim(test, verdict) for test, verdict in zip(source_claims(), verdicts, strict=True)),
        families=family_hashes(),
        cells=tuple(cell for arm, scope in found.items() for cell in _cells(arm, scope, origins)),
        horizons=tuple(
            HorizonState(technique=row.technique, task=row.task, horizon=int(row.horizon))
            for row in horizons(main).dropna(subset="horizon").itertuples()
        ),
        sampled=sampled,
        speeds=speeds,
    )


@cache
def _judge() -> str:
    """Compute the digest of the code that judges, comments aside, and of its libraries."""
    folder = Path(bench.evidence.__file__).parent
    code = [ast.dump(ast.parse(file.read_text(encoding="utf-8"))) for file in sorted(folder.rglob("*.py"))]
    return digest([code, [version(library) for library in JUDGES]])


def _claim(test: Claim, verdict: ClaimVerdict) -> ClaimState:
    asked = [
        {**part.model_dump(mode="json", exclude={"label", "says"}), "unit": part.estimand.unit.symbol}
        for part in test.parts
    ]
    tables = [part.data[["arm", "technique", "task"]] for part in verdict.parts]
    used = pd.concat(tables).drop_duplicates().sort_values(["arm", "technique", "task"])
    return ClaimState(
        **{**_part(verdict), "id": test.id, "data": digest([_values(part) for part in verdict.parts])},
        unit=verdict.unit,
        test=digest([test.combine, test.within, asked]),
        uses=tuple(used.itertuples(index=False, name=None)),
        parts=tuple(PartState(**_part(part)) for part in verdict.parts),
    )


def _part(verdict: PartVerdict) -> dict[str, Any]:
    numbers = {name: _short(getattr(verdict, name)) for name in ("effect", "low", "high", "p")}
    return {"id": verdict.part, "verdict": verdict.verdict, "n": verdict.n, "data": digest(_values(verdict)), **numbers}


def _values(verdict: PartVerdict) -> list[str]:
    """The raw values behind a verdict, in a fixed order and to DIGITS digits."""
    columns = ["arm", "technique", "task", "lag", "seed", "moment", "value"]
    rows = verdict.data[columns].itertuples(index=False, name=None)
    return sorted(" ".join([*map(str, row[:-1]), f"{row[-1]:.{DIGITS}g}"]) for row in rows)


def _short(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{value:.{DIGITS}g}")


def _origins(found: dict[str, Scope], stored: pd.DataFrame) -> list[Origin]:
    """List the members' origins by when each was last in use: by the store's order, because clocks may be wrong."""
    members = pd.concat([scope.members for scope in found.values()])
    places = {cohort: place for place, cohort in enumerate(stored["cohort"].drop_duplicates())}
    members = members.assign(place=members["cohort"].map(places))
    last = members.groupby(_ORIGIN, dropna=False)["place"].max().sort_values(kind="stable")
    return [Origin(**dict(zip(_ORIGIN, key, strict=True))) for key in last.index]


def _cells(arm: str, scope: Scope, origins: list[Origin]) -> Iterator[CellState]:
    """Every setting that was measured, or that the ladder spared, in the plan's order."""
    places = {tuple(origin.model_dump().values()): place for place, origin in enumerate(origins)}
    measured = scope.measured
    groups = dict(iter(measured.groupby(SETTING, sort=False)))
    hashes = scope.members.drop_duplicates(["technique", "task"], keep="last").set_index(["technique", "task"])
    for cell in summarise(scope).itertuples():
        if cell.state not in ("measured", "ladder", "untuned"):
            continue
        rows = groups.get(SettingKey(cell.technique, cell.task, cell.lag), measured[:0]).sort_values("seed")
        known = hashes.loc[(cell.technique, cell.task)] if rows.empty else rows.iloc[-1]
        solved = rows["outcome"] == "solved"
        yield CellState(
            arm=arm,
            technique=cell.technique,
            task=cell.task,
            lag=cell.lag,
            protocol=scope.hashes[cell.task],
            technique_hash=known["technique_hash"],
            task_hash=known["task_hash"],
            budget=int(known["budget"]),
            origins=tuple(sorted({places[row] for row in rows[_ORIGIN].itertuples(index=False, name=None)})),
            seeds=tuple(rows["seed"].tolist()),
            updates=tuple(n if ok else None for n, ok in zip(rows["updates"].tolist(), solved, strict=True)),
        )


def _speeds(timings: pd.DataFrame) -> tuple[Origin | None, tuple[SpeedState, ...]]:
    """The newest sample."""
    if timings.empty:
        return None, ()
    sample = timings[timings["sample"] == timings["sample"].iloc[-1]]
    first = sample.iloc[0]
    key = [*SETTING, "work", "technique_hash", "task_hash"]
    speeds = [
        SpeedState(
            **dict(zip(key, names, strict=True)),
            ratios=tuple(float(f"{r:.{DIGITS}g}") for r in rows["seconds"] / rows["reference"]),
            milliseconds=tuple(float(f"{1e3 * s:.{DIGITS}g}") for s in rows["seconds"]),
            loss=_short(rows["loss"].iloc[0]),
        )
        for names, rows in sample.groupby(key, sort=False)
    ]
    return Origin(**{name: first[name] for name in _ORIGIN}), tuple(speeds)
