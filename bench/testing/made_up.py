"""Made-up results: rows of the tables that a store hands out, a store of such rows, and stores for a part of a claim.

A row is right in form, and whatever of it matters to a test is said there. Whatever is estimated of a part of a claim,
its reference is in the middle, and its techniques are below, there too, or above.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands import Example
from bench.records.result import (
    COSTS,
    CURVES,
    GRADIENTS,
    MEMBERS,
    PROBES,
    typed,
)
from bench.records.settings import Protocol, Setting
from bench.records.snapshot import TIMINGS, Snapshot
from bench.records.spec import Spec
from bench.records.staleness import hash_now
from bench.records.study import Skip, Study, TaskPlan
from bench.tracking.layout import STORED_MEMBERS, STORED_OF_MEMBERS, WHOSE

Row = dict[str, Any]
Level = Literal["low", "mid", "high"]
LEVELS: dict[Level, int] = {"low": -1, "mid": 0, "high": 1}

RULES = Protocol(
    hidden_size=8,
    batch_size=4,
    updates=100,
    evaluate_every=10,
    held_out_size=50,
    learning_rates=(0.01, 0.1),
    tuning_seeds=1,
)
ARMS = {
    "main": RULES,
    "start": RULES.model_copy(update={"updates": 0}),
    "dials": RULES,
    "exploding": RULES.model_copy(update={"recurrent_gain": 3.0}),
    "clipped": RULES.model_copy(update={"clip_norm": 1.0}),
    "orthogonal": RULES.model_copy(update={"initialisation": "orthogonal"}),
}
"""The protocols of the presets' arms; another arm has the main one's."""
PROVENANCE: Row = {
    "commit": "a" * 40,
    "dirty": False,
    "bench": "0.1.0",
    "python": "3.11.7",
    "torch": "2.13.0",
    "lightning": "2.6.6",
    "mlflow": "3.17.2",
    "platform": "Linux",
    "cpu": "AMD EPYC 7B13",
    "accelerator": "cpu",
    "threads": 1,
    "started": "2026-01-02T03:04:05+00:00",
}
"""Code, libraries, machine and time of every row."""
BLANKS = {"str": "", "int64": 0, "float64": np.nan, "bool": False}


# Settings and studies


def setting(
    technique: str,
    lag: int,
    task: str = "adding",
    code: str | None = None,
    rules: Protocol = RULES,
    dials: dict[str, float] | None = None,
) -> Setting:
    """Make a setting of today's code, unless another hash is given, and of all dials that the technique has.

    dials: other ones; with them, nothing is imported that trains.
    """
    return Setting(
        technique=technique,
        dials=_dials(technique) if dials is None else dials,
        task=task,
        lag=lag,
        protocol=rules,
        technique_hash=hash_now("techniques", Spec.parse(technique).name) if code is None else code,
        task_hash=hash_now("tasks", task),
    )


def _dials(technique: str) -> dict[str, float]:
    """Every dial with its value; of a technique that is made up, those that are spelt out."""
    from bench.protocol.preset import parse_technique
    from bench.techniques import techniques

    spec = Spec.parse(technique)
    return parse_technique(technique)[2] if spec.name in techniques.names() else spec.dials


def study(*settings: Setting, skips: tuple[Skip, ...] = (), seeds: int = 2, **words: Any) -> Study:
    """A study of these settings, one protocol a task; what it is called may be said."""
    places: list[Setting | Skip] = [*settings, *skips]
    lags = {p.task: sorted({q.lag for q in places if q.task == p.task}) for p in places}
    rules = {s.task: s.protocol for s in settings}
    about: dict[str, Any] = {"preset": "small", "title": {"en": "Small", "zh": "小"}} | words
    return Study(
        techniques=tuple(dict.fromkeys(p.technique for p in places)),
        tasks=tuple(TaskPlan(task=t, lags=tuple(lags[t]), protocol=rules[t]) for t in lags),
        measured_seeds=seeds,
        settings=settings,
        skips=skips,
        **about,
    )


# Rows


def member(of: Setting, seed: int, outcome: str = "solved", updates: int = 50, **changes: Any) -> Row:
    """One row; measured, at the first rate, unless told otherwise."""
    cohort = f"{of.hash}-{changes.get('role', 'measured')}"
    rules = of.protocol.model_dump(include=set(MEMBERS.types) - {"updates"})
    return {
        **{column: BLANKS[kind] for column, kind in MEMBERS.types.items()},
        **PROVENANCE,
        **rules,
        "clip_norm": np.nan if of.protocol.clip_norm is None else of.protocol.clip_norm,
        "technique": of.technique,
        "title": of.technique,
        "family": "any",
        "dials": json.dumps(of.dials),
        "task": of.task,
        "lag": of.lag,
        "seed": seed,
        "learning_rate": of.protocol.learning_rates[0],
        "role": "measured",
        "outcome": outcome,
        "updates": updates,
        "budget": of.protocol.updates,
        "metric_name": "accuracy",
        "trivial_level": 0.1,
        "solved_at": 0.9,
        "plateaus": "{}",
        "test_metrics": "{}",
        "by_age": "[]",
        "setting_hash": of.hash,
        "protocol_hash": of.protocol.hash,
        "technique_hash": of.technique_hash,
        "task_hash": of.task_hash,
        "cohort": cohort,
        "mlflow_run_id": f"{cohort}-{seed}",
        **changes,
    }


def _of(row: Row, columns: Mapping[str, str]) -> Row:
    """The beginning of a row of another table about a member."""
    whose = {column: row[column] for column in ("seed", "learning_rate", *WHOSE)}
    return {column: 0 if kind == "int64" else np.nan for column, kind in columns.items()} | whose


def probe(of: Row, moment: str = "end", quantity: str = "h", layer: int = 0, **values: Any) -> Row:
    """A probe of a member, from its row."""
    where = {"update": _after(of, moment), "moment": moment, "quantity": quantity, "layer": layer}
    return {**_of(of, PROBES.types), **where, **values}


def _after(of: Row, moment: str) -> int:
    """The updates after which a member was probed."""
    after: dict[str, int] = {"start": 0, "during": of["budget"] // 4, "end": of["updates"]}
    return after[moment]


def profile(
    of: Row, log_norms: Sequence[float], moment: str = "end", quantity: str = "h", layer: int = 0, **values: Any
) -> list[Row]:
    """A member's gradient, the norm of its first step first, in one row that stands for one a step."""
    steps = np.arange(1, len(log_norms) + 1)
    where = {"update": _after(of, moment), "moment": moment, "quantity": quantity, "layer": layer}
    norms = {"step": steps, "lag_back": len(log_norms) - steps, "log_norm": np.asarray(log_norms, dtype=float)}
    return [{**_of(of, GRADIENTS.types), **where, **norms, **values}]


def curve(of: Row, untrained: float, losses: Sequence[float], peaks: Sequence[float], **columns: Any) -> list[Row]:
    """A member's learning curve: the loss before training, then mean and largest loss of each interval.

    The metric is the loss; other columns have one value throughout.
    """
    rows = [{**_of(of, CURVES.types), "update": 0, "loss": untrained, "metric": untrained, **columns}]
    for i, (loss, peak) in enumerate(zip(losses, peaks, strict=True), start=1):
        update = i * of["evaluate_every"]
        values = {"loss": loss, "metric": loss, "train_loss": loss, "train_loss_peak": peak}
        rows.append({**rows[0], "update": update, **values})
    return rows


def cost(technique: str, lag: int, task: str = "adding", rules: Protocol = RULES, **columns: Any) -> Row:
    """Make a row of COSTS: the cost of a technique's update."""
    blank = {column: BLANKS[kind] for column, kind in COSTS.types.items()}
    sizes = {"hidden_size": rules.hidden_size, "batch_size": rules.batch_size}
    known = {name: value for name, value in PROVENANCE.items() if name in COSTS}
    return {**blank, **known, **sizes, "technique": technique, "task": task, "lag": lag, **columns}


# Stores


@dataclass
class SmallStore:
    """Tables from lists of rows."""

    rows: list[Row]
    studies_: list[Study] = field(default_factory=list)
    curve_rows: list[Row] = field(default_factory=list)
    cost_rows: list[Row] = field(default_factory=list)
    gradient_rows: list[Row] = field(default_factory=list)
    probe_rows: list[Row] = field(default_factory=list)
    snapshots_: list[Snapshot] = field(default_factory=list)

    def members(self) -> pd.DataFrame:
        return typed(self.rows, STORED_MEMBERS)

    def curves(self) -> pd.DataFrame:
        return typed(self.curve_rows, STORED_OF_MEMBERS["curves"])

    def gradients(self) -> pd.DataFrame:
        columns = STORED_OF_MEMBERS["gradients"].types
        by_step = [name for name in ("step", "lag_back", "log_norm") if self.gradient_rows]
        table = pd.DataFrame(self.gradient_rows, columns=list(columns))
        return typed(table.explode(by_step, ignore_index=True) if by_step else table, columns)

    def probes(self) -> pd.DataFrame:
        return typed(self.probe_rows, STORED_OF_MEMBERS["probes"])

    def costs(self) -> pd.DataFrame:
        return typed(self.cost_rows, COSTS)

    def cut_off(self) -> int:
        return 0

    def timings(self) -> pd.DataFrame:
        return typed([], TIMINGS)

    def studies(self) -> list[Study]:
        return self.studies_

    def snapshots(self) -> list[Snapshot]:
        return self.snapshots_


# Stores for a part of a claim

LAG = 20
LAGS = ((20, 30, 40), (20, 30))
"""The lags of a part's first task, and of its second."""
CELLS = tuple((task, lag) for task, lags in zip(("adding", "copy"), LAGS, strict=True) for lag in lags)
"""The cells of a part that is about all tasks."""
ABLE = ("adamw", "nadam")
"""Techniques of which one solves everything, so that every cell counts."""
EXPLOSION = Example(losses=(0.5,) * 4, peaks=(0.6, 0.6, 50.0, 0.6))
DIALS = {"threshold": (0.1, 10.0), "scale": (0.01, 1.0), "depth": (2.0, 8.0), "window": (5.0, 15.0)}
"""Two values of a dial that a part leaves open; of another dial they are OTHER_DIAL."""
OTHER_DIAL = (1.0, 2.0)


@dataclass
class World:
    """A store under construction."""

    settings: dict[str, list[Setting]] = field(default_factory=dict)
    store: SmallStore = field(default_factory=lambda: SmallStore([]))
    rules: Protocol = RULES
    """The protocol of every arm that has none of its own."""
    planned: int = 2
    """The measured seeds that its studies ask for."""

    def rules_of(self, arm: str) -> Protocol:
        """The protocol of an arm."""
        found = ARMS.get(arm, RULES)
        return self.rules if found == RULES else found

    def train(
        self, technique: str, seeds: int, arm: str = "main", lag: int = LAG, task: str = "adding", **columns: Any
    ) -> list[Row]:
        """Members of one setting, all solved; a column may be a list, one value a seed."""
        of = setting(technique, lag, task, rules=self.rules_of(arm))
        self.settings.setdefault(arm, []).append(of)
        rows = []
        for i in range(seeds):
            own = {key: value[i] if isinstance(value, list | np.ndarray) else value for key, value in columns.items()}
            rows.append(member(of, i + 1, **own))
        self.store.rows += rows
        return rows

    def finish(self) -> SmallStore:
        """Put the studies on record, the main one last."""
        arms = sorted(self.settings, key=lambda arm: arm == "main")
        self.store.studies_ = [
            study(*{s.hash: s for s in self.settings[arm]}.values(), arm=arm, seeds=self.planned) for arm in arms
        ]
        return self.store


def world(part: Part, level: Level, seeds: int) -> SmallStore:
    """The store for a part whose techniques are 'low', 'mid' (like the reference) or 'high'."""
    made, own, twins = World(), spelt(part.techniques), spelt(part.twins)
    for i, technique in enumerate(own):
        stands_out = not part.choice or i == 0  # of a dial, one value does
        rows = _run(made, part, technique, LEVELS[level] if stands_out else 0, seeds)
        if part.reference_moment is not None:
            _add_flow(made, rows, part, 0, part.reference_moment, part.reference_quantity or part.quantity)
    if part.reference_moment is None:
        for technique in twins:
            _run(made, _reference(part), technique, 0, seeds)
    if part.estimand.only_where_solved:
        able = next(name for name in ABLE if name not in own)
        for task, lag in _cells(part):
            made.train(able, seeds, part.arm, lag, task)
    if part.explodes and part.explodes not in (*own, *twins):
        for row in made.train(part.explodes, seeds, part.arm):
            _add_curve(made, row, EXPLOSION)
    return made.finish()


def _cells(part: Part) -> list[tuple[str, int]]:
    """The cells that a part is asked about."""
    own = [(task, lag) for task, lags in zip(part.tasks, LAGS, strict=False) for lag in lags]
    return own or list(CELLS)


def spelt(names: tuple[str, ...]) -> list[str]:
    """Techniques with their open dials written out."""
    found = []
    for name in names:
        base, _, rule = name.rpartition("=")
        low, high = (f"{base}={value:g}" for value in DIALS.get(base.partition(":")[2], OTHER_DIAL))
        found += {"*": [low, high], "min": [low], "max": [high]}.get(rule, [name])
    return found


def _reference(part: Part) -> Part:
    """The part as it asks for its references."""
    quantity = part.reference_quantity or part.quantity
    return part.model_copy(update={"arm": part.reference_arm or part.arm, "quantity": quantity})


def _run(made: World, part: Part, technique: str, level: int, seeds: int) -> list[Row]:
    """One technique at one level, in several cells where a single value says little; all its members."""
    outcome, found = ("solved" if ARMS.get(part.arm, RULES).updates else "untrained"), []
    cells = _cells(part)
    several = part.estimand.bounds or part.estimand.of_ladders
    for cell, (task, lag) in enumerate(cells if several else cells[:1]):
        examples = [part.estimand.example(level, seed, cell, part) for seed in range(seeds)]
        columns = {name: [example.member[name] for example in examples] for name in examples[0].member}
        rows = made.train(technique, seeds, part.arm, lag, task, **{"outcome": outcome, **columns})
        for row, example in zip(rows, examples, strict=True):
            _add_curve(made, row, example, explodes=technique == part.explodes)
        if not cell and examples[0].cost:
            made.store.cost_rows.append(cost(technique, LAG, task, **examples[0].cost))
        found += rows
    _add_flow(made, found, part, level, part.moment, part.quantity)
    return found


def _add_curve(made: World, row: Row, example: Example, explodes: bool = False) -> None:
    losses = example.losses or (EXPLOSION.losses if explodes else ())
    if losses:
        peaks = example.peaks or ([max(EXPLOSION.peaks)] * len(losses) if explodes else losses)
        made.store.curve_rows += curve(row, 1.0, list(losses), list(peaks), **example.curve)


def _add_flow(made: World, rows: list[Row], part: Part, level: int, moment: str, quantity: str) -> None:
    for row, example in _with_examples(rows, part, level):
        if example.probe:
            made.store.probe_rows.append(probe(row, moment, quantity) | example.probe)
        for layer, norms in enumerate(example.profiles):
            made.store.gradient_rows += profile(row, list(norms), moment, quantity, layer)


def _with_examples(rows: list[Row], part: Part, level: int) -> Iterator[tuple[Row, Example]]:
    for row in rows:
        cell = _cells(part).index((row["task"], row["lag"]))
        yield row, part.estimand.example(level, row["seed"] - 1, cell, part)
