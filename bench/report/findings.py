"""Everything a report shows, gathered once and the same for every language.

Evidence gives tables. No table goes further than here: sections and figures ask by methods, and get typed rows.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from bench.evidence import advice, compare, curves, estimates, horizons, ledgers, scope
from bench.evidence.published import Compared, compare_all, is_published
from bench.evidence.scope import BASELINE
from bench.evidence.shortfalls import Shortfall, shortfalls
from bench.evidence.source import SourceRow, load_rows
from bench.evidence.verdicts import ClaimVerdict, judge, judge_others
from bench.history.take import HistoryStore
from bench.history.timeline import History, look_back
from bench.records.cell import Cell, SettingKey
from bench.records.spec import Spec
from bench.records.study import MAIN
from bench.report.counts import Counts, counts
from bench.report.equal_updates import EqualRate, equal_rates
from bench.report.fairness import Edge, Neighbour
from bench.report.flow import flow
from bench.report.ledger_rows import Cost, CostRatio, Failure, Gap, Origin, StaleResults, Tuning
from bench.report.matrix import Matrix, by_family, matrix_of
from bench.report.reached import reached
from bench.report.rows import Horizon, LearningCurve, Run, TaskWords, Technique, TechniqueWords, rows_of
from bench.report.vocabulary import ARMS


@dataclass(frozen=True)
class Findings(Matrix):
    """The main arm with all its estimates and ledgers, the further arms, and the verdicts reached from them."""

    curves: list[LearningCurve]
    equal_rates: dict[SettingKey, EqualRate]
    """The rate of each setting's gradient after as many updates as all others of its cell."""
    arms: dict[str, Matrix]
    """All but the main one."""
    members: pd.DataFrame
    """The rows of the runs of every arm, with a column `arm`, for evidence."""
    stale: list[StaleResults]
    verdicts: list[ClaimVerdict]
    """The verdicts on the source's claims."""
    published: list[Compared]
    """Every published result beside what the store has of it."""
    others: dict[str, list[ClaimVerdict]]
    """The verdicts on the claims of plugins and packages, by family."""
    shortfalls: list[Shortfall]
    """The reasons for which nothing can be concluded about training."""
    state: str
    """SHA-256 of what the store held."""
    history: History | None
    """None if there is only one run."""

    @cached_property
    def all_runs(self) -> list[Run]:
        """The runs of every arm."""
        return rows_of(self.members, Run)

    @cached_property
    def failures(self) -> list[Failure]:
        """List the runs of every arm that diverged or failed."""
        return rows_of(ledgers.failures(self.members), Failure)

    @cached_property
    def origins(self) -> list[Origin]:
        """List the origins of the runs of every arm."""
        return rows_of(ledgers.provenance(replace(self.scope, members=self.members)), Origin)

    @cached_property
    def gaps(self) -> list[Gap]:
        """List what was planned but not measured."""
        return rows_of(ledgers.gaps(self.table), Gap)

    @cached_property
    def horizons(self) -> list[Horizon]:
        """List how far each technique gets on each task."""
        return rows_of(self._horizons, Horizon)

    @cached_property
    def cost_ratios(self) -> dict[str, CostRatio]:
        """Return the ratio of each technique's cost per update to the baseline's."""
        return {r.technique: r for r in rows_of(ledgers.cost_ratios(self.scope).reset_index(), CostRatio)}

    @cached_property
    def rows(self) -> list[tuple[SourceRow, list[Technique]]]:
        """List the source's rows, each with the techniques that represent it."""
        return [(row, [t for t in self.techniques if t.source_row == row.id]) for row in load_rows()]

    @cached_property
    def task_words(self) -> dict[str, TaskWords]:
        """Return each task's texts, as the newest results have them, or as this project's own file does."""
        found = {words.task: words for words in rows_of(self.members.drop_duplicates("task", keep="last"), TaskWords)}
        return {task: found.get(task, TaskWords(task)).filled() for task in {*self.tasks, *found}}

    @cached_property
    def called(self) -> dict[str, str]:
        """Return what sentences call a technique, its dials aside, in English, where its results say so."""
        newest = rows_of(self.members.drop_duplicates("technique", keep="last"), TechniqueWords)
        return {Spec.base(words.technique): words.called for words in newest if words.called}

    @cached_property
    def remedies(self) -> set[str]:
        """Return the techniques that represent a row of the source's table."""
        return {t.name for t in self.techniques if t.source_row}

    @property
    def all_verdicts(self) -> list[ClaimVerdict]:
        """List the verdicts on the source's claims, then those on all others."""
        return [*self.verdicts, *(verdict for verdicts in self.others.values() for verdict in verdicts)]

    @cached_property
    def matrices(self) -> dict[str, Matrix]:
        """Every arm, the main one first."""
        return {MAIN: self, **self.arms}

    def dial(self, technique: str, dial: str) -> float:
        """The value of a technique's dial, whether its name spells it or not; not a number if nothing was trained."""
        spelt = Spec.parse(technique).dials
        return spelt[dial] if dial in spelt else self._dials.get(technique, {}).get(dial, math.nan)

    @cached_property
    def _dials(self) -> dict[str, dict[str, float]]:
        known = [technique for matrix in self.matrices.values() for technique in matrix.techniques]
        return {t.name: json.loads(t.dials) for t in reversed(known) if t.dials}

    def horizon(self, technique: str, task: str) -> Horizon | None:
        """One technique's horizon on one task."""
        return self._by_pair.get((technique, task))

    def horizons_on(self, task: str) -> list[Horizon]:
        """The horizons on a task that are known."""
        return [h for h in self.horizons if h.task == task and h.known]

    def progress(self, key: SettingKey) -> float:
        """The share of the way from the trivial level to the solved one that a setting's runs have come; 0: unknown."""
        found, levels = self.reached.get(key), self.levels(key.task)
        if found is None or levels is None or math.isnan(found.metric):
            return 0.0
        return (found.metric - levels.trivial) / (levels.solved - levels.trivial)

    def leaders(self, task: str) -> list[str]:
        """The techniques that get furthest on a task, where any solves some lag."""
        known = [h for h in self.horizons_on(task) if h.horizon]
        best = max((h.horizon for h in known), default=0)
        return [h.technique for h in known if h.horizon == best]

    @cached_property
    def gains(self) -> dict[str, set[str]]:
        """Return, by technique, the tasks on which it is found to learn longer lags than the baseline."""
        return horizons.gains(self._further)

    @cached_property
    def losses(self) -> dict[str, list[tuple[str, int]]]:
        """Return, by technique, the tasks and lags that it is found to solve less often than the baseline."""
        return horizons.losses(self._further)

    @cached_property
    def _horizons(self) -> pd.DataFrame:
        return horizons.horizons(self.table)

    @cached_property
    def _further(self) -> pd.DataFrame:
        return horizons.further(self.scope, self._horizons)

    def curves_on(self, task: str) -> list[LearningCurve]:
        """One task's learning curves."""
        return [curve for curve in self.curves if curve.key.task == task]

    def compare(self, technique: str) -> list[compare.Comparison]:
        """Compare one technique with the baseline, task by task."""
        return compare.compare(self.scope, self.table, technique)

    def rules(self, task: str) -> list[advice.Rule]:
        """Recommend techniques for a task, by rising lag."""
        return self._rules[task]

    @cached_property
    def _rules(self) -> dict[str, list[advice.Rule]]:
        costs = self.scope.costs
        return {task: advice.rules(self.table, costs, self.remedies, task, self.progress) for task in self.tasks}

    def solvers(self, task: str) -> dict[str, dict[int, advice.Offer]]:
        """Return what each technique offers at the lags of a task that it solves."""
        return self._solvers[task]

    @cached_property
    def _solvers(self) -> dict[str, dict[str, dict[int, advice.Offer]]]:
        return {task: advice.solvers(self.table, self.scope.costs, task) for task in self.tasks}

    @cached_property
    def priced(self) -> bool:
        """Return True if every technique that solves something was timed, so that prices can be compared."""
        offers = [offer for task in self.tasks for own in self.solvers(task).values() for offer in own.values()]
        return all(math.isfinite(offer.price) for offer in offers)

    def noise_floors(self, cells: Iterable[Cell]) -> list[Cost]:
        """List the baseline's costs, relative to itself, in those of the cells in which it was timed."""
        costs = rows_of(self.scope.costs, Cost)
        floors = {Cell(cost.task, cost.lag): cost for cost in costs if cost.technique == BASELINE}
        return [floors[cell] for cell in dict.fromkeys(cells) if cell in floors]

    def tuning_of(self, task: str) -> dict[str, Tuning]:
        """One task's tuning ledger, by technique."""
        return {tuned.technique: tuned for tuned in self._tuning if tuned.task == task}

    @cached_property
    def edges(self) -> list[Edge]:
        """List the rates that were chosen where some tuning run had solved, and whether the grid ends there."""
        return rows_of(ledgers.edges(self.scope), Edge)

    @cached_property
    def neighbours(self) -> list[Neighbour]:
        """List how tuning runs did at the rates that were chosen, and at those next to them."""
        return rows_of(ledgers.neighbours(self.scope), Neighbour)

    @cached_property
    def _tuning(self) -> list[Tuning]:
        return rows_of(ledgers.tuning(self.scope, self.table), Tuning)

    @cached_property
    def counts(self) -> Counts:
        """Count what the report rests on, all arms included."""
        settings = [e for matrix in self.matrices.values() for e in matrix.estimates]
        return counts(self.all_runs, settings, len(self.arms), self.stale_runs)

    @property
    def stale_runs(self) -> int:
        """Count the runs that are stale."""
        return sum(old.members for old in self.stale)

    @cached_property
    def _by_pair(self) -> dict[tuple[str, str], Horizon]:
        return {(h.technique, h.task): h for h in self.horizons}


def gather(store: HistoryStore) -> Findings:
    """Read a store and estimate everything; raises BenchError if it holds nothing."""
    read = scope.Reading(store)
    found = {arm: s for arm, s in read.arms.items() if not is_published(arm)}
    main = found[MAIN]
    members = pd.concat([s.members.assign(arm=arm) for arm, s in found.items()], ignore_index=True)
    snapshots, verdicts = store.snapshots(), judge(read)
    return Findings(
        scope=main.brief(),
        table=estimates.summarise(main),
        techniques=by_family(main),
        flow=flow(main),
        curves=_curves(curves.learning_curves(main)),
        reached=reached(main),
        equal_rates=equal_rates(main),
        arms={arm: matrix_of(found[arm]) for arm in sorted(found, key=_place) if arm != MAIN},
        members=members,
        stale=_stale(found),
        verdicts=verdicts,
        published=compare_all(read.arms),
        others=judge_others(read),
        shortfalls=shortfalls(main, verdicts),
        state=read.state(),
        history=look_back(snapshots) if len(snapshots) > 1 else None,
    )


def _place(arm: str) -> int:
    """Arms of a preset's own come after those that have a name here."""
    return [*ARMS, arm].index(arm)


def _curves(table: pd.DataFrame) -> list[LearningCurve]:
    """One setting's points stand together."""
    points = table.itertuples(index=False, name=None)
    curves = itertools.groupby(points, key=lambda point: SettingKey(*point[:3]))
    return [LearningCurve.of(key, [point[3:] for point in own]) for key, own in curves]


def _stale(found: dict[str, scope.Scope]) -> list[StaleResults]:
    lags: dict[tuple[str, str, str, str], list[int]] = {}
    for arm, old in found.items():
        for row in old.stale.itertuples():
            lags.setdefault((arm, row.technique, row.task, row.why), []).append(row.lag)
    return [StaleResults(*key, len(own), tuple(sorted({*own}))) for key, own in lags.items()]
