"""Chooses the results that a report is about, arm by arm: one protocol a task, one version of a setting, not pooled."""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal
from typing import Protocol as Interface

import pandas as pd

from bench.errors import BenchError
from bench.evidence.screening import Stops, stops_of
from bench.evidence.seeds import counting, of_counting_seeds
from bench.records.cell import Cell, SettingKey
from bench.records.fields import from_columns
from bench.records.settings import Protocol
from bench.records.staleness import why_stale
from bench.records.study import MAIN, Study

CELL = list(Cell._fields)
"""The columns that name a cell."""
SETTING = list(SettingKey._fields)
"""The columns that name a setting."""
MEMBER = ["cohort", "seed", "learning_rate"]
"""The columns that name a member, in every table that has rows of members."""
BASELINE = "tanh"
RUN = [
    *SETTING, *MEMBER, "outcome", "updates", "budget", "parameters", "state_size", "trivial_level", "solved_at",
    "test_metrics", "by_age", "mlflow_run_id",
]  # fmt: skip
"""The columns of a run: those of a member from which values are taken, of the many that there are."""
Table = Literal["runs", "curves", "gradients", "probes", "costs"]


def solved_in(members: pd.DataFrame) -> pd.Series:
    """Mark the members that solved their task."""
    return members.outcome == "solved"


def diverged(members: pd.DataFrame) -> pd.Series:
    """Mark the members that ended with a number that was not finite."""
    return members.outcome == "diverged"


def failed(members: pd.DataFrame) -> pd.Series:
    """Mark the members that ended with an error."""
    return members.outcome == "failed"


def measured_in(table: pd.DataFrame) -> pd.Series:
    """Mark the rows of members that were measured, not of those that only tuned a rate."""
    return table.role == "measured"


class ResultStore(Interface):
    """The part of `bench.tracking.Store` that evidence needs."""

    def members(self) -> pd.DataFrame:
        """MEMBERS and mlflow_run_id."""

    def curves(self) -> pd.DataFrame:
        """CURVES and cohort, technique, task, lag, role, outcome, protocol_hash."""

    def gradients(self) -> pd.DataFrame:
        """GRADIENTS and the same of whose they are."""

    def probes(self) -> pd.DataFrame:
        """PROBES and the same of whose they are."""

    def costs(self) -> pd.DataFrame:
        """COSTS."""

    def studies(self) -> list[Study]:
        """Oldest first."""


@dataclass(frozen=True)
class Scope:
    """The tables of a store, cut to what belongs together: one arm's."""

    arm: str
    studies: list[Study]
    """The studies with a task whose protocol is in scope, oldest first."""
    hashes: dict[str, str]
    """Protocol hash by task, in the order of the newest study."""
    protocols: dict[str, Protocol]
    members: pd.DataFrame
    curves: pd.DataFrame
    gradients: pd.DataFrame
    probes: pd.DataFrame
    costs: pd.DataFrame
    stale: pd.DataFrame
    """Member rows that the code of today would not reproduce, which no other table holds; `why`: see `why_stale`."""
    plan: pd.DataFrame
    """technique, task, lag; planned: some study wants it; skip: the technique's own reason, or empty."""
    left_out: pd.DataFrame
    """task, protocol_hash, members: results that exist and are not shown."""

    @property
    def tasks(self) -> list[str]:
        """Every task of the report, in order."""
        return list(self.hashes)

    @cached_property
    def measured(self) -> pd.DataFrame:
        """The members that were measured."""
        return self.members[measured_in(self.members)]

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The measured members with the columns RUN, and `run`: the MLflow run behind them, or an empty text."""
        rows = self.members.loc[measured_in(self.members), RUN]
        return rows.assign(run=rows.mlflow_run_id.fillna(""))

    @cached_property
    def tuning(self) -> pd.DataFrame:
        """The members that tuned a learning rate."""
        return self.members[~measured_in(self.members)]

    @cached_property
    def solved_cells(self) -> set[tuple[str, int]]:
        """The cells (task and lag) in which some measured member solved."""
        rows = self.measured[solved_in(self.measured)]
        return set(zip(rows.task, rows.lag, strict=True))

    @cached_property
    def stops(self) -> Stops:
        """The settings that ended after the seeds that screen."""
        return stops_of(self.members, counting(self.studies, self.hashes))

    @cached_property
    def shortest(self) -> dict[str, int]:
        """The shortest lag of each task."""
        return {str(task): int(lag) for task, lag in self.plan.groupby("task").lag.min().items()}

    @cached_property
    def longest(self) -> dict[str, int]:
        """The longest lag of each task."""
        return {str(task): int(lag) for task, lag in self.plan.groupby("task").lag.max().items()}

    @cached_property
    def dials(self) -> dict[str, dict[str, float]]:
        """The value of each dial of each technique, whether its name spells it or not."""
        known = self.members.drop_duplicates("technique")
        return {
            str(technique): json.loads(dials or "{}")
            for technique, dials in zip(known.technique, known.dials, strict=True)
        }

    def rows(self, table: Table, technique: str) -> pd.DataFrame:
        """A technique's rows of a table; of what belongs to members, those of members that were measured."""
        found = self._by_technique.get(table)
        if found is None:
            whole: pd.DataFrame = getattr(self, table)
            whole = whole if table in ("runs", "costs") else whole[measured_in(whole)]
            found = self._by_technique[table] = dict(iter(whole.groupby("technique", sort=False)))
            found[""] = whole[:0]
        return found.get(technique, found[""])

    @cached_property
    def _by_technique(self) -> dict[str, dict[str, pd.DataFrame]]:
        return {}

    def brief(self) -> Scope:
        """Drop the rows of single evaluations and steps, from which estimates are made."""
        return replace(self, curves=self.curves[:0], gradients=self.gradients[:0], probes=self.probes[:0])


def select(store: ResultStore, arm: str = MAIN) -> Scope:
    """One arm of a store; raises BenchError if the store is empty or has no such arm."""
    found = scopes(store)
    if arm not in found:
        raise BenchError(f"The store holds no results of the arm '{arm}': it has {', '.join(found)}.")
    return found[arm]


def scopes(store: ResultStore) -> dict[str, Scope]:
    """Every arm of a store, the main one first; raises BenchError if the store is empty.

    Of each task in an arm there is the newest protocol alone, and where studies begin with unlike seeds, those of the
    newest alone. What no study of another arm asks for is main's.
    """
    return (store if isinstance(store, Reading) else Reading(store)).arms


class Reading:
    """A store as it was read at one moment, each table once; it can stand for the store."""

    def __init__(self, store: ResultStore) -> None:
        everything, self._studies = store.members(), store.studies()
        if everything.empty:
            raise BenchError(
                "The store holds no complete results: train something first, for example with "
                "bptt-bench run --preset quick."
            )
        self._everything, self._costs = everything, store.costs()
        self._of_members = {name: getattr(store, name)() for name in ("curves", "gradients", "probes")}

    def members(self) -> pd.DataFrame:
        return self._everything

    def curves(self) -> pd.DataFrame:
        return self._of_members["curves"]

    def gradients(self) -> pd.DataFrame:
        return self._of_members["gradients"]

    def probes(self) -> pd.DataFrame:
        return self._of_members["probes"]

    def costs(self) -> pd.DataFrame:
        return self._costs

    def studies(self) -> list[Study]:
        return self._studies

    def state(self) -> str:
        """SHA-256 over the values of all tables and studies: the same for the same results, wherever they lie."""
        found = hashlib.sha256()
        tables = {"members": self.members(), "costs": self.costs(), **self._of_members}
        for name, table in tables.items():
            for column in table.columns:
                found.update(f"{name}.{column} {len(table)}\n".encode())
                found.update(_content(table[column]))
        for study in self._studies:
            found.update(study.model_dump_json().encode())
        return found.hexdigest()

    @cached_property
    def arms(self) -> dict[str, Scope]:
        """See `scopes`."""
        tables = _Tables(self)
        arms = [MAIN, *dict.fromkeys(s.arm for s in reversed(self._studies) if s.arm != MAIN)]
        found = {arm: _scope(tables, arm) for arm in arms}
        return {
            arm: scope for arm, scope in found.items() if arm == MAIN or not scope.members.empty or len(scope.stale)
        }


def _content(column: pd.Series) -> bytes:
    """A column's values as bytes; of text each word once, and then their order."""
    if column.dtype.kind in "biuf":
        return column.to_numpy().tobytes()
    codes, words = pd.factorize(column)
    return "\0".join(map(str, words)).encode() + codes.astype("int64").tobytes()


class _Tables:
    """The tables of a store; stale rows stand apart."""

    def __init__(self, read: Reading) -> None:
        everything = read.members()
        hashes = ["technique", "task", "technique_hash", "task_hash"]
        why = pd.Series([why_stale(*row) for row in everything[hashes].values.tolist()], everything.index, dtype="str")
        self.members = everything[why == ""]
        self.stale = everything.assign(why=why)[why != ""]
        self.studies, self.costs = read.studies(), read.costs()
        self.of_members = {name: getattr(read, name)() for name in ("curves", "gradients", "probes")}

    def of_arm(self, members: pd.DataFrame, arm: str) -> pd.DataFrame:
        """The rows that an arm's studies ask for; main's are also those that no other arm's do."""
        own = {s.hash for study in self.studies if study.arm == arm for s in study.settings}
        mine = members.setting_hash.isin(own)
        if arm == MAIN:
            others = {s.hash for study in self.studies if study.arm != MAIN for s in study.settings}
            mine |= ~members.setting_hash.isin(others)
        return members[mine]


def _scope(tables: _Tables, arm: str) -> Scope:
    everything, studies = tables.of_arm(tables.members, arm), [s for s in tables.studies if s.arm == arm]
    hashes, protocols = _protocols(everything, studies)
    studies = [s for s in studies if any(hashes[p.task] == p.protocol.hash for p in s.tasks)]
    current = everything[everything.protocol_hash == everything.task.map(hashes)]
    members = _newest(of_counting_seeds(current, studies, hashes), studies, hashes)
    left_out = everything.drop(members.index).groupby(["task", "protocol_hash"]).size().rename("members")
    return Scope(
        arm=arm,
        studies=studies,
        hashes=hashes,
        protocols=protocols,
        members=members.reset_index(drop=True),
        **{
            name: table[table.cohort.isin(members.cohort)].merge(members[MEMBER], on=MEMBER)
            for name, table in tables.of_members.items()
        },
        costs=_costs(tables.costs, members),
        stale=tables.of_arm(tables.stale, arm).reset_index(drop=True),
        plan=_plan(members, studies, hashes),
        left_out=left_out.reset_index(),
    )


def _protocols(members: pd.DataFrame, studies: list[Study]) -> tuple[dict[str, str], dict[str, Protocol]]:
    """Each task's newest protocol: of the newest study that has the task, else of the newest members."""
    hashes: dict[str, str] = {}
    protocols: dict[str, Protocol] = {}
    for plan in itertools.chain.from_iterable(s.tasks for s in reversed(studies)):
        hashes.setdefault(plan.task, plan.protocol.hash)
        protocols.setdefault(plan.task, plan.protocol)
    for task, rows in members.groupby("task"):
        if task not in hashes:
            newest = rows.protocol_hash.iloc[-1]
            hashes[str(task)] = newest
            protocols[str(task)] = _protocol_of(rows[rows.protocol_hash == newest])
    return hashes, protocols


def _protocol_of(members: pd.DataFrame) -> Protocol:
    """Members' protocol, told from their columns, where no study is on record."""
    tuning = members[~measured_in(members)]
    rates = (members if tuning.empty else tuning).learning_rate
    others = {"learning_rates": tuple(sorted(rates.unique())), "tuning_seeds": tuning.seed.nunique()}
    return from_columns(members.iloc[0], **others)


def _newest(members: pd.DataFrame, studies: list[Study], hashes: dict[str, str]) -> pd.DataFrame:
    """One version of each setting (the newest study's, else the newest) and one row a member of it.

    Newest is what the store took last: clocks may have been wrong.
    """
    wanted = {s.key: s.hash for study in studies for s in study.settings if s.protocol.hash == hashes[s.task]}
    latest = members.groupby(SETTING)["setting_hash"].transform("last")
    keys = map(SettingKey._make, members[SETTING].itertuples(index=False, name=None))
    version = [wanted.get(key, last) for key, last in zip(keys, latest, strict=True)]
    members = members[members.setting_hash == pd.Series(version, index=members.index, dtype="str")]
    # tuned twice (on unlike machines, say), a setting may have been measured at two rates: the newer counts; of seeds
    # that are tuned each by itself, each one's newer
    own = {s.hash for study in studies for s in study.settings if s.protocol.tuning == "own"}
    whose = members.seed.where(members.setting_hash.isin(own), 0)
    rate = members.groupby([*(members[key] for key in (*SETTING, "role")), whose])["learning_rate"].transform("last")
    members = members[~measured_in(members) | (members.learning_rate == rate)]
    return members.drop_duplicates([*SETTING, "role", "seed", "learning_rate"], keep="last")


def _costs(costs: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    """The newest cost of each technique in scope, at its own size: also at lags that its ladder did not reach."""
    size = ["technique", "task", "hidden_size", "batch_size"]
    costs = costs.merge(members[size].drop_duplicates(), on=size)
    return costs.drop_duplicates([*size, "lag"], keep="last").reset_index(drop=True)


def _plan(members: pd.DataFrame, studies: list[Study], hashes: dict[str, str]) -> pd.DataFrame:
    """Techniques × lags of each task, over all studies in scope and over what was trained without one."""
    skips = {s.key: s.reason for study in studies for s in study.skips}
    rows, counts = [], counting(studies, hashes)
    for task in hashes:
        mine = counts.get(task, [])
        trained = members[members.task == task]
        planned = {(t, lag) for s, p in mine for t in s.techniques for lag in p.lags}
        techniques = dict.fromkeys([t for s, _ in reversed(mine) for t in s.techniques] + [*trained.technique])
        lags = sorted({lag for _, p in mine for lag in p.lags} | {*trained.lag})
        rows += [
            {
                "technique": t,
                "task": task,
                "lag": lag,
                "planned": (t, lag) in planned,
                "skip": skips.get(SettingKey(t, task, lag), ""),
            }
            for t, lag in itertools.product(techniques, lags)
        ]
    return pd.DataFrame(rows, columns=[*SETTING, "planned", "skip"])
