"""Made-up stores in which a part of a claim plainly holds, plainly fails, or makes no difference.

Whatever is estimated, a part's reference is in the middle, and its techniques are below, there too, or above.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from bench.evidence.claims import Part
from bench.evidence.estimands import Example
from bench.records.result import COST_COLUMNS
from bench.records.settings import Setting
from bench.testing.stores import RULES, SmallStore, curve, member, probe, profile, setting, study

Level = Literal["low", "mid", "high"]
LEVELS: dict[Level, int] = {"low": -1, "mid": 0, "high": 1}
LAG = 20
CELLS = (("adding", 20), ("adding", 30), ("adding", 40), ("copy", 20), ("copy", 30))
ARMS = {
    "main": RULES,
    "start": RULES.model_copy(update={"updates": 0}),
    "dials": RULES,
    "exploding": RULES.model_copy(update={"recurrent_gain": 3.0}),
    "clipped": RULES.model_copy(update={"clip_norm": 1.0}),
    "orthogonal": RULES.model_copy(update={"initialisation": "orthogonal"}),
}
"""The protocols of the presets' arms; another arm has the main one's."""
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

    def train(
        self, technique: str, seeds: int, arm: str = "main", lag: int = LAG, task: str = "adding", **columns: Any
    ) -> list[dict[str, Any]]:
        """Members of one setting, all solved; a column may be a list, one value a seed."""
        of = setting(technique, lag, task, rules=ARMS.get(arm, RULES))
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
        self.store.studies_ = [study(*{s.hash: s for s in self.settings[arm]}.values(), arm=arm) for arm in arms]
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
        for task, lag in CELLS:
            made.train(able, seeds, part.arm, lag, task)
    if part.explodes and part.explodes not in (*own, *twins):
        for row in made.train(part.explodes, seeds, part.arm):
            _add_curve(made, row, EXPLOSION)
    return made.finish()


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


def _run(made: World, part: Part, technique: str, level: int, seeds: int) -> list[dict[str, Any]]:
    """One technique at one level, in several cells where a single value says little; all its members."""
    outcome, found = ("solved" if ARMS.get(part.arm, RULES).updates else "untrained"), []
    for cell, (task, lag) in enumerate(CELLS if part.estimand.bounds else CELLS[:1]):
        examples = [part.estimand.example(level, seed, cell, part) for seed in range(seeds)]
        columns = {name: [example.member[name] for example in examples] for name in examples[0].member}
        rows = made.train(technique, seeds, part.arm, lag, task, **{"outcome": outcome, **columns})
        for row, example in zip(rows, examples, strict=True):
            _add_curve(made, row, example)
        if not cell and examples[0].cost:
            made.store.cost_rows.append(_cost(technique, examples[0].cost))
        found += rows
    _add_flow(made, found, part, level, part.moment, part.quantity)
    return found


def _add_curve(made: World, row: dict[str, Any], example: Example) -> None:
    if example.losses:
        made.store.curve_rows += curve(row, 1.0, list(example.losses), list(example.peaks))


def _add_flow(made: World, rows: list[dict[str, Any]], part: Part, level: int, moment: str, quantity: str) -> None:
    for row, example in _with_examples(rows, part, level):
        if example.probe:
            made.store.probe_rows.append(probe(row, moment, quantity) | example.probe)
        for layer, norms in enumerate(example.profiles):
            made.store.gradient_rows += profile(row, list(norms), moment, quantity, layer)


def _with_examples(rows: list[dict[str, Any]], part: Part, level: int) -> Iterator[tuple[dict[str, Any], Example]]:
    for row in rows:
        cell = CELLS.index((row["task"], row["lag"]))
        yield row, part.estimand.example(level, row["seed"] - 1, cell, part)


def _cost(technique: str, columns: dict[str, Any]) -> dict[str, Any]:
    blank = {c: "" if dtype == "str" else 0 for c, dtype in COST_COLUMNS.items()}
    size = {"hidden_size": RULES.hidden_size, "batch_size": RULES.batch_size, "task": "adding", "lag": LAG}
    return {**blank, **size, "technique": technique, **columns}
