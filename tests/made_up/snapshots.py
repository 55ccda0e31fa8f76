"""Made-up snapshots: equal but for what a test changes."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.records.snapshot import CellState, ClaimState, Origin, PartState, Snapshot, SpeedState
from bench.testing.made_up import PROVENANCE

ORIGIN = Origin(**{name: PROVENANCE[name] for name in Origin.model_fields})


def cell(technique: str = "lstm", solved: int = 5, seeds: int = 10, **changes: Any) -> CellState:
    """The first `solved` seeds solve at half of the budget."""
    updates = tuple(100 if seed < solved else None for seed in range(seeds))
    words = {
        "arm": "main", "technique": technique, "task": "adding", "lag": 20, "protocol": "p" * 12,
        "technique_hash": f"{technique}-1", "task_hash": "adding-1", "budget": 200, "origins": (0,),
        "seeds": tuple(range(1, seeds + 1)), "updates": updates,
    }  # fmt: skip
    return CellState(**{**words, **changes})


def claim(verdict: str = "supported", *techniques: str, **changes: Any) -> ClaimState:
    """S06 about these techniques on adding."""
    part = {"id": "lstm", "verdict": verdict, "effect": 0.4, "low": 0.2, "high": 0.6, "p": 0.01, "n": 10, "data": "d1"}
    uses = tuple(("main", technique, "adding") for technique in techniques or ("lstm", "tanh"))
    words = {**part, "id": "S06", "unit": "", "test": "t1", "uses": uses, "parts": (PartState(**part),)}
    return ClaimState(**{**words, **changes})


def speed(
    technique: str = "lstm", ratio: float = 3.0, noise: float = 0.02, seed: int = 0, **changes: Any
) -> SpeedState:
    """Five processes about a ratio."""
    ratios = ratio * np.exp(noise * np.random.default_rng(seed).standard_normal(5))
    words = {
        "technique": technique, "task": "adding", "lag": 20, "work": "w1", "technique_hash": f"{technique}-1",
        "task_hash": "adding-1", "ratios": tuple(ratios.tolist()), "milliseconds": (1.0,) * 5, "loss": 0.25,
    }  # fmt: skip
    return SpeedState(**{**words, **changes})


def snapshot(day: int = 1, **changes: Any) -> Snapshot:
    """Of a day in January 2026; three techniques of which one is the baseline."""
    cells = (cell("tanh", 0), cell("lstm", 9), cell("gru", 10))
    words = {
        "taken": f"2026-01-{day:02}T03:00:00+00:00", "preset": "nightly", "judge": "j1", "comparisons": 80,
        "origins": (ORIGIN,), "claims": (claim(),), "cells": cells, "horizons": (), "sampled": ORIGIN,
        "speeds": tuple(speed(name, ratio, seed=day) for name, ratio in (("tanh", 2.0), ("lstm", 3.0), ("gru", 2.5))),
    }  # fmt: skip
    return Snapshot(**{**words, **changes})


def changed(of: CellState | SpeedState, **changes: Any) -> Any:
    """The same with other code, or whatever else."""
    return of.model_copy(update=changes)
