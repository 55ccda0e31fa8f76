"""Measures what a technique costs apart from training: alone, on one thread, in alternation with the baseline."""

from __future__ import annotations

import json
import statistics
import time
import weakref
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from bench.records.fields import work
from bench.records.provenance import provenance
from bench.records.result import COST_METHOD
from bench.records.settings import Setting, digest
from bench.tasks import tasks
from bench.techniques import Technique
from bench.training.cohort import processor
from bench.training.matching import hidden_size
from bench.training.network import operations, updating
from bench.training.turns import Work as Update
from bench.training.turns import one_round, seconds, warm

BASELINE = "tanh"
PROCESSES = 13
"""Processes that time a technique. Each gives one ratio: rounds within a process share its memory and its minute.

Thirteen are the fewest that can tell a difference among a hundred and nine comparisons (`bench.evidence.statistics`).
"""
TURNS = 11
"""Times that a process lets the technique and the baseline take turns; the median counts."""
SECONDS_A_TURN = 0.005
"""Repeats in a turn are chosen to take the faster of the two about this long: far above the clock's grain."""
MOST_SECONDS = 0.04
"""The slower one's repeats take no longer than that, or are one call."""


class Timing(NamedTuple):
    """One process's timing of a technique's training update."""

    ratio: float
    """Over the baseline's: the median of the turns."""
    milliseconds: float
    """Processor time."""


def cost_hash(setting: Setting) -> str:
    """Names the work that a cost is of and the method: what has the same need not be measured again on one machine."""
    machine = [provenance()["cpu"], provenance()["torch"], processor()]
    return digest(
        [
            COST_METHOD,
            setting.technique,
            setting.technique_hash,
            setting.task,
            setting.lag,
            work(setting.protocol),
            machine,
        ]
    )


def measure_cost(setting: Setting, baseline: Setting) -> dict[str, Any]:
    """Measure one member's training update against the baseline's: a row of the cost ledger (COSTS).

    It holds one process's timing; `pooled` adds those of others. The baseline is measured against itself like any
    other technique: its ratio differs from 1 only by the error of such measurements, which is subtracted from others.
    """
    module, update = one_member(setting)
    protocol = setting.protocol
    known = provenance()
    timed = time_cost(setting, baseline)
    return {
        "technique": setting.technique,
        "task": setting.task,
        "lag": setting.lag,
        "steps": tasks.get(setting.task)().steps(setting.lag),
        "hidden_size": hidden_size(setting),
        "batch_size": protocol.batch_size,
        "parameters": module.parameters_each,
        "state_size": module.state_each,
        "flops": count_flops(setting) / protocol.batch_size,
        "peak_bytes": peak_bytes(update),
        **pooled([timed]),
        "cost_hash": cost_hash(setting),
        **{key: known[key] for key in ("commit", "dirty", "torch", "cpu")},
        "accelerator": processor(),
        "threads": torch.get_num_threads(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def time_cost(setting: Setting, baseline: Setting) -> Timing:
    """Time an update of each, in turns, in this process."""
    own, base = _alternate(one_member(setting)[1], one_member(baseline)[1])
    return Timing(statistics.median(a / b for a, b in zip(own, base, strict=True)), statistics.median(own) * 1e3)


def pooled(timings: Sequence[Timing]) -> dict[str, Any]:
    """Give the columns of the cost ledger that several processes' timings make: medians, and the ratios' quartiles."""
    ratios = [timing.ratio for timing in timings]
    low, high = np.quantile(ratios, (0.25, 0.75))
    return {
        "milliseconds": statistics.median(timing.milliseconds for timing in timings),
        "time_ratio": statistics.median(ratios),
        "time_ratio_low": float(low),
        "time_ratio_high": float(high),
        "rounds": len(ratios),
        "round_ratios": json.dumps([round(ratio, 4) for ratio in ratios]),
    }


def one_member(setting: Setting, dtype: torch.dtype = torch.float32, members: int = 1) -> tuple[Technique, Update]:
    """Build a technique of the setting's own size, and a function that does one training update on a fixed batch."""
    return updating(setting, hidden_size(setting), dtype, members)


def count_flops(setting: Setting) -> float:
    """Count the `operations` of one training update of one batch, at the setting's own size."""
    return operations(setting, hidden_size(setting))


def peak_bytes(update: Update) -> int:
    """The most tensor memory that was alive at once in one update, beyond what was there before."""
    update()  # the optimiser's memory exists from the first step on
    with _LiveTensors() as live:
        update()
    return live.peak


class _LiveTensors(TorchDispatchMode):
    """Adds up the storages that operations allocate while they live."""

    def __init__(self) -> None:
        super().__init__()
        self.alive: dict[int, int] = {}
        self.now = self.peak = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = {_address(t) for t in tree_leaves((args, kwargs or {})) if isinstance(t, Tensor)}
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and _address(tensor) not in given:
                self._born(tensor.untyped_storage())
        return result

    def _born(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self.alive or not size:
            return
        self.alive[key] = size
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._died, key)

    def _died(self, key: int) -> None:
        self.now -= self.alive.pop(key, 0)


def _address(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


def _alternate(first: Update, second: Update) -> tuple[list[float], list[float]]:
    """Processor seconds of one call of each, turn by turn: while other programs have the processor, none pass."""
    both = (first, second)
    with warm(both):
        # Half of a turn's calls go each way. Both works get equally many, unless one is long: the first call after the
        # other's is slow, and would weigh more on whoever has fewer.
        once = [seconds(time.process_time, update, 3) for update in both]
        calls = max(1, round(SECONDS_A_TURN / (2 * min(once))))
        repeats = [min(calls, max(1, round(MOST_SECONDS / (2 * each)))) for each in once]
        own, base = zip(*(one_round(time.process_time, both, repeats) for _ in range(TURNS)), strict=True)
    return list(own), list(base)
