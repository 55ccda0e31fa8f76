"""Made-up gradient flow of made-up members: profiles, and the probes that sum them up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bench.records.result import GRADIENT_COLUMNS, PROBE_COLUMNS, typed
from bench.tracking.layout import WHOSE

DECAY = {  # nats a step at the start and at the end of training; every other technique is as the baseline
    "sigmoid": (-1.9, -1.7),
    "relu": (-0.75, -0.2),
    "irnn": (-0.02, 0.01),
    "orthogonal": (-0.05, -0.04),
    "lstm": (-0.35, -0.06),
    "gru": (-0.4, -0.05),
    "lstm-clip-norm": (-0.35, -0.07),
    "residual-time": (-0.1, -0.08),
    "linear": (-0.5, -0.5),
}
BASELINE_DECAY = (-0.55, -0.2)
MOMENTS = {"start": 0.0, "during": 0.5, "end": 1.0}
MOST_POINTS = 128
WHOSE_TYPES = dict.fromkeys(WHOSE, "str") | {"lag": "int64"}


class FakeFlow:
    """Collects tables, cohort by cohort."""

    def __init__(self) -> None:
        self.profiles: list[tuple[np.ndarray, np.ndarray]] = []
        """lag_back and log_norm; as many as there are probes, and in their order."""
        self.probe_rows: list[dict[str, Any]] = []

    def add(self, rows: list[dict[str, Any]], rng: np.random.Generator) -> None:
        """Probe the members of `rows`, which are of one measured cohort and have trained."""
        for row in rows:
            for moment, share in MOMENTS.items():
                if moment != "start" and row["outcome"] == "untrained":
                    continue
                for quantity, layer in quantities(row["technique"]):
                    where = {"update": int(share * row["updates"]), "moment": moment}
                    self._member(row, where | {"quantity": quantity, "layer": layer}, share, rng)

    def _member(self, row: dict[str, Any], where: dict[str, Any], share: float, rng: np.random.Generator) -> None:
        steps = row["lag"]
        start, end = radius_decay(row["technique"]) or DECAY.get(row["technique"].partition(":")[0], BASELINE_DECAY)
        decay = (1 - share) * start + share * end + 0.01 * rng.standard_normal()
        decay = {"c": decay / 2, "cell": -0.31 * (1 - share) - 0.05 * share}.get(where["quantity"], decay)
        back = np.unique(np.linspace(0, steps - 1, min(steps, MOST_POINTS)).round().astype(int))
        wander = rng.standard_normal(len(back)).cumsum() / np.sqrt(np.arange(len(back)) + 1)
        log_norm = -2.0 + decay * back + 0.3 * wander
        cut = row["technique"].startswith("tbptt")
        if cut:
            log_norm[back >= 10] = -np.inf
        whose = {k: row[k] for k in ("seed", "learning_rate", *WHOSE)} | where
        self.profiles.append((back, log_norm))
        h, lowest = where["quantity"] == "h", where["layer"] == 0
        probe = {
            "decay": decay,
            "first_lag": 0,
            "last_lag": 9 if cut else steps - 1,
            "r2": 0.98,
            "power_r2": 0.81,
            "half_life": -np.log(2) / decay if decay < 0 else np.inf,
            "reach": int(min(steps - 1, np.log(0.01) / min(decay, -1e-9))),
            "dead_share": (0.3 if "relu" in row["technique"] else 0.0) if h else np.nan,
            "kept": (0.7 if cut else 1.0) if h and lowest else np.nan,
            "cosine": (0.9 if cut else 1.0) if h and lowest else np.nan,
        }
        self.probe_rows.append(whose | probe)

    def probes(self) -> pd.DataFrame:
        """As the store hands them out."""
        return typed(self.probe_rows, PROBE_COLUMNS | WHOSE_TYPES)

    def gradients(self) -> pd.DataFrame:
        """As the store hands them out."""
        columns = GRADIENT_COLUMNS | WHOSE_TYPES
        if not self.profiles:
            return typed([], columns)
        probes = self.probes()
        lengths = [len(back) for back, _ in self.profiles]
        table = probes.loc[np.repeat(probes.index, lengths)].reset_index(drop=True)
        table["lag_back"] = np.concatenate([back for back, _ in self.profiles])
        table["log_norm"] = np.concatenate([norms for _, norms in self.profiles])
        table["step"] = table["lag"] - table["lag_back"]
        return table[list(columns)].astype(columns)


def quantities(technique: str) -> list[tuple[str, int]]:
    """What is probed of a technique: quantity and layer."""
    if technique == "transformer":
        return [("x", 0)]
    if technique.startswith("lstm"):
        return [("h", 0), ("c", 0), ("cell", 0), ("x", 0)]
    if technique.startswith(("deep-tanh", "residual-depth")):
        return [("h", layer) for layer in range(4)] + [("x", 0)]
    return [("h", 0), ("x", 0)]


def radius_decay(technique: str) -> tuple[float, float] | None:
    """The decay of a network whose recurrent matrix has a given spectral radius."""
    name, _, dials = technique.partition(":radius=")
    if not dials:
        return None
    decay = float(np.log(float(dials))) - (0.1 if name == "spectral-radius" else 0.0)
    return decay, decay
