"""Made-up gradient flow of made-up members: profiles, and the probes that sum them up."""

from __future__ import annotations

import numpy as np

from bench.testing.made_up import Row, SmallStore, probe, profile

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
WINDOW = 10
"""Steps back to which the gradient of what is truncated reaches."""


def add(store: SmallStore, rows: list[Row], rng: np.random.Generator) -> None:
    """Probe the members of `rows`, which are of one measured cohort and have trained."""
    for row in rows:
        for moment, share in MOMENTS.items():
            if moment != "start" and row["outcome"] == "untrained":
                continue
            for quantity, layer in quantities(row["technique"]):
                where = {"moment": moment, "quantity": quantity, "layer": layer, "update": int(share * row["updates"])}
                decay = _decay(row["technique"], quantity, share) + 0.01 * rng.standard_normal()
                store.gradient_rows += _profile(row, decay, where, rng)
                store.probe_rows.append(probe(row, **where, **_summary(row, decay, quantity, layer)))


def _decay(technique: str, quantity: str, share: float) -> float:
    """Nats a step when a share of the training has been done."""
    start, end = radius_decay(technique) or DECAY.get(technique.partition(":")[0], BASELINE_DECAY)
    if quantity == "cell":
        start, end = -0.31, -0.05
    return ((1 - share) * start + share * end) / (2 if quantity == "c" else 1)


def _profile(row: Row, decay: float, where: Row, rng: np.random.Generator) -> list[Row]:
    steps = row["lag"]
    back = np.unique(np.linspace(0, steps - 1, min(steps, MOST_POINTS)).round().astype(int))
    wander = rng.standard_normal(len(back)).cumsum() / np.sqrt(np.arange(len(back)) + 1)
    norms = -2.0 + decay * back + 0.3 * wander
    if row["technique"].startswith("tbptt"):
        norms[back >= WINDOW] = -np.inf
    return profile(row, norms, **where, lag_back=back, step=steps - back)


def _summary(row: Row, decay: float, quantity: str, layer: int) -> Row:
    steps, cut = row["lag"], row["technique"].startswith("tbptt")
    h, lowest = quantity == "h", layer == 0
    return {
        "decay": decay,
        "first_lag": 0,
        "last_lag": WINDOW - 1 if cut else steps - 1,
        "r2": 0.98,
        "power_r2": 0.81,
        "half_life": -np.log(2) / decay if decay < 0 else np.inf,
        "reach": int(min(steps - 1, np.log(0.01) / min(decay, -1e-9))),
        "dead_share": (0.3 if "relu" in row["technique"] else 0.0) if h else np.nan,
        "kept": (0.7 if cut else 1.0) if h and lowest else np.nan,
        "cosine": (0.9 if cut else 1.0) if h and lowest else np.nan,
    }


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
