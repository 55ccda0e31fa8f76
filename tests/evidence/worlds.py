"""Made-up stores in which a part of a claim plainly holds, plainly fails, or makes no difference.

Whatever the kind of a part, its reference is in the middle, and its techniques are below, there too, or above.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from small_store import RULES, SmallStore, curve, member, probe, profile, setting, study

from bench.evidence.claims import Part
from bench.records.result import COST_COLUMNS
from bench.records.settings import Setting

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
LEVELS = {  # what a low, a middling and a high technique shows of itself, by kind
    "score": (20, 50, 80),
    "decay": (-0.8, -0.4, -0.1),
    "relief": (-0.8, -0.4, -0.1),
    "exponential": (-0.2, 0.0, 0.2),
    "dead": (0.1, 0.4, 0.7),
    "reach": (3, 10, 40),
    "cosine": (0.2, 1.0, 1.0),
    "early": (-2.0, 0.0, 2.0),
    "fade": (-0.8, -0.4, -0.1),
    "roughness": (0.02, 0.1, 0.5),
    "time": (0.6, 1.0, 1.6),
    "parameters": (500, 1000, 2000),
    "state_size": (5, 10, 20),
    "flops": (500, 1000, 2000),
    "memory": (500, 1000, 2000),
}
ABLE = ("adamw", "nadam")
"""Techniques of which one solves everything, so that every cell counts."""


@dataclass
class World:
    """A store under construction."""

    settings: dict[str, list[Setting]] = field(default_factory=dict)
    store: SmallStore = field(default_factory=lambda: SmallStore([]))

    def train(
        self, technique: str, seeds: int, arm: str = "main", lag: int = LAG, task: str = "adding", **columns: Any
    ) -> list[dict[str, Any]]:
        """Members of one setting, all solved; a column may be a list, one value a seed."""
        of = setting(technique, lag, task, rules=ARMS[arm])
        self.settings.setdefault(arm, []).append(of)
        rows = []
        for i in range(seeds):
            own = {key: value[i] if isinstance(value, list | np.ndarray) else value for key, value in columns.items()}
            rows.append(member(of, i + 1, **own))
        self.store.rows += rows
        return rows

    def finish(self) -> SmallStore:
        """With the studies on record, the main one last."""
        arms = sorted(self.settings, key=lambda arm: arm == "main")
        self.store.studies_ = [study(*{s.hash: s for s in self.settings[arm]}.values(), arm=arm) for arm in arms]
        return self.store


def world(part: Part, level: str, seeds: int) -> SmallStore:
    """The store for a part whose techniques are 'low', 'mid' (as the reference) or 'high'."""
    made = World()
    own, twins = [_spelt(names, part) for names in (part.techniques, part.twins)]
    index = ["low", "mid", "high"].index(level)
    for i, technique in enumerate(own):
        where = index if not part.choice or i == 0 else 1  # of a dial, one value stands out
        _add(made, part, technique, where, seeds, part.arm, part.moment, part.quantity)
    for technique in twins:
        moment, quantity = part.reference_moment or part.moment, part.reference_quantity or part.quantity
        if part.reference_moment is None:
            _add(made, part, technique, 1, seeds, part.reference_arm or part.arm, moment, quantity)
        else:
            made.store.probe_rows += _probes(made.store.rows, part, 1, moment, quantity)
    if part.kind in ("score", "solved"):
        able = next(name for name in ABLE if name not in own)
        for task, lag in CELLS:
            made.train(able, seeds, part.arm, lag, task)
    if part.explodes and part.explodes not in twins:
        _explode(made, made.train(part.explodes, seeds, part.arm), [True] * seeds)
    return made.finish()


def _spelt(names: tuple[str, ...], part: Part) -> list[str]:
    values = {
        "threshold": ("0.1", "10"),
        "scale": ("0.01", "1"),
        "depth": ("2", "8"),
        "window": ("5", "15"),
    }
    spelt = []
    for name in names:
        base, sign, rule = name.partition("=")
        found = values.get(base.partition(":")[2]) if sign else None
        if found is None or rule not in ("*", "min", "max"):
            spelt.append(name)
        else:
            chosen = {"*": found, "min": found[:1], "max": found[-1:]}[rule]
            spelt += [f"{base}={value}" for value in chosen]
    return spelt


def _add(made: World, part: Part, technique: str, index: int, seeds: int, arm: str, moment: str, quantity: str) -> None:
    """One technique at one level, in whatever the part's kind is measured by."""
    kind = part.kind
    wobble = np.resize([-1, 2, 0, -2, 1], seeds) if index != 1 else np.resize([1, -1, 2, 0, -2], seeds)
    half = [index == 2 or (index == 1 and i % 2 == 0) for i in range(seeds)]
    if kind == "score":
        for task, lag in CELLS:
            made.train(technique, seeds, arm, lag, task, updates=list(100 - LEVELS[kind][index] + wobble))
    elif kind == "solved":
        for i, (task, lag) in enumerate(CELLS):  # in turns, so that a seed that fails here solves there
            outcomes = ["solved" if done else "unsolved" for done in np.roll(half, i // 3)]
            made.train(technique, seeds, arm, lag, task, outcome=outcomes)
    elif kind == "exploded":
        for task, lag in CELLS:
            _explode(made, made.train(technique, seeds, arm, lag, task), half)
    elif kind == "roughness":
        for row, w in zip(made.train(technique, seeds, arm), wobble, strict=True):
            rise = LEVELS[kind][index] * (1 + 0.02 * w)
            losses = [float(np.exp(rise * (i % 2))) for i in range(8)]
            made.store.curve_rows += curve(row, 1.0, losses, losses)
        if part.explodes == technique:  # an explosion in the first interval, which no rise of the mean shows
            for row in made.store.curve_rows:
                row["train_loss_peak"] = 50.0 if row["update"] == 10 else row["train_loss_peak"]
    elif kind in ("parameters", "state_size"):
        made.train(technique, seeds, arm, **{kind: LEVELS[kind][index]})
    elif kind in ("time", "flops", "memory"):
        made.train(technique, seeds, arm)
        made.store.cost_rows.append(_cost(technique, kind, LEVELS[kind][index]))
    elif kind == "early":
        for row, w in zip(made.train(technique, seeds, arm), wobble, strict=True):
            late = [0.01 * w] * 10
            made.store.gradient_rows += profile(row, [x + LEVELS[kind][index] for x in late] + [0.0] * 10, moment, "x")
    elif kind == "fade":
        for row, w in zip(made.train(technique, seeds, arm), wobble, strict=True):
            for layer in range(3):
                down = (2 - layer) * (LEVELS[kind][index] + 0.001 * w)
                made.store.gradient_rows += profile(row, [down] * 10, moment, "h", layer)
    else:
        outcome = "untrained" if arm == "start" else "solved"
        rows = made.train(technique, seeds, arm, outcome=outcome)
        made.store.probe_rows += _probes(rows, part, index, moment, quantity)


def _probes(rows: list[dict[str, Any]], part: Part, index: int, moment: str, quantity: str) -> list[dict[str, Any]]:
    centre = LEVELS[part.kind][index]
    if part.kind == "decay" and part.against is not None:
        centre += 0.4 if index < 2 else 0.5  # around 0
    made = []
    for i, row in enumerate(rows):
        value = centre + 0.0005 * ((7 * i + index) % 5 - 2)
        columns = {
            "decay": {"decay": value},
            "relief": {"decay": value},
            "exponential": {"r2": 0.75 + value / 2, "power_r2": 0.75 - value / 2},
            "dead": {"dead_share": centre},
            "reach": {"reach": centre},
            "cosine": {"cosine": min(1.0, value)},
        }[part.kind]
        made.append(probe(row, moment, quantity, **columns))
    return made


def _explode(made: World, rows: list[dict[str, Any]], explodes: list[bool]) -> None:
    for row, bang in zip(rows, explodes, strict=True):
        made.store.curve_rows += curve(row, 1.0, [0.5] * 4, [50.0 if bang and i == 2 else 0.6 for i in range(4)])


def _cost(technique: str, kind: str, level: float) -> dict[str, Any]:
    blank = {c: "" if dtype == "str" else 0 for c, dtype in COST_COLUMNS.items()}
    size = {"hidden_size": RULES.hidden_size, "batch_size": RULES.batch_size, "task": "adding", "lag": LAG}
    ratios = [level * (1 + 0.01 * ((5 * i) % 7 - 3)) for i in range(15)]
    own = {"time": {"round_ratios": json.dumps(ratios)}, "flops": {"flops": level}, "memory": {"peak_bytes": level}}
    return {**blank, **size, "technique": technique, **own[kind]}
