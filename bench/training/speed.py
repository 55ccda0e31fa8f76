"""Samples a technique's speed on this day, afresh in every run, for the history.

Machines are shared, and a busy one makes most updates wait. So updates are timed one by one, in turns with the
baseline's, and the fastest counts: interruptions only ever add time. What slows only some updates down is not seen.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import torch

from bench.records.fields import work
from bench.records.provenance import provenance
from bench.records.settings import Setting, digest
from bench.records.snapshot import TIMINGS
from bench.training.cohort import processor
from bench.training.cost import BASELINE, Update, one_member
from bench.training.turns import seconds, warm

ROUNDS = 40
SECONDS = 0.5
"""Rounds end after so long, but there are LEAST_ROUNDS at least: slow updates are long against an interruption."""
LEAST_ROUNDS = 5
TRIAL = 20
"""Updates after which the loss is compared with that of other runs."""
YARDSTICK_STEPS = 100
YARDSTICK_SIZE = 32


def sample_speed(setting: Setting) -> dict[str, Any]:
    """One row of a sample (TIMINGS, less `sample` and `process`)."""
    _, update = one_member(setting)
    losses = [update().losses for _ in range(TRIAL)]
    if setting.technique == BASELINE:
        reference = yardstick()
    else:
        _, reference = one_member(setting.model_copy(update={"technique": BASELINE, "dials": {}}))
    own, other = fastest([update, reference])
    known = provenance()
    return {
        **{name: getattr(setting, name) for name in ("technique", "task", "lag", "technique_hash", "task_hash")},
        "work": digest(work(setting.protocol)),
        "seconds": own,
        "reference": other,
        "loss": float(losses[-1]),
        **{name: value for name, value in known.items() if name in TIMINGS},
        "accelerator": processor(),
        "threads": torch.get_num_threads(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def fastest(updates: Sequence[Update]) -> list[float]:
    """Seconds of each one's fastest call, taken in turns after one call each that does not count."""
    with warm(updates):
        rounds: list[list[float]] = []
        begin = time.perf_counter()
        while len(rounds) < LEAST_ROUNDS or (len(rounds) < ROUNDS and time.perf_counter() - begin < SECONDS):
            rounds.append([seconds(time.perf_counter, update) for update in updates])
    return [min(times) for times in zip(*rounds, strict=True)]


def yardstick() -> Update:
    """Work that never changes with this program: a recurrence in plain torch, to set the baseline's speed against."""
    weight = torch.full((YARDSTICK_SIZE, YARDSTICK_SIZE), 1 / YARDSTICK_SIZE)
    inputs = torch.ones(YARDSTICK_SIZE, YARDSTICK_SIZE)

    def run() -> torch.Tensor:
        state = inputs
        for _ in range(YARDSTICK_STEPS):
            state = torch.tanh(torch.addmm(inputs, state, weight))
        return state

    return run
