"""What a technique costs, measured apart from training: alone, one thread, alternating with the baseline."""

from __future__ import annotations

import json
import statistics
import time
import weakref
from datetime import UTC, datetime
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from bench.engine.seeding import generator
from bench.records.fields import work
from bench.records.provenance import provenance
from bench.records.result import COST_METHOD
from bench.records.settings import Member, Setting, digest
from bench.tasks import tasks
from bench.techniques import Technique
from bench.training.cohort import build, processor
from bench.training.turns import Work as Update
from bench.training.turns import one_round, seconds, warm

BASELINE = "tanh"
ROUNDS = 15
SECONDS_A_ROUND = 0.005
"""Repeats of a round are chosen to take each of the two about this long: far above the clock's grain."""


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
    """One row of the cost ledger (COSTS): one member's training update against the baseline's.

    The two take turns. The ratio is the median of the rounds' ratios, and its spread their quartiles. The baseline is
    measured against itself like any other: its ratio would be 1 but for what such a measurement cannot tell.
    """
    module, update = one_member(setting)
    _, base_update = one_member(baseline)
    own, base = _alternate(update, base_update)
    ratios = [a / b for a, b in zip(own, base, strict=True)]
    low, median, high = statistics.quantiles(ratios, n=4)
    protocol = setting.protocol
    known = provenance()
    return {
        "technique": setting.technique,
        "task": setting.task,
        "lag": setting.lag,
        "hidden_size": protocol.hidden_size,
        "batch_size": protocol.batch_size,
        "parameters": module.parameters_each,
        "state_size": module.state_each,
        "flops": count_flops(setting) / protocol.batch_size,
        "peak_bytes": peak_bytes(update),
        "milliseconds": statistics.median(own) * 1e3,
        "time_ratio": median,
        "time_ratio_low": low,
        "time_ratio_high": high,
        "rounds": ROUNDS,
        "round_ratios": json.dumps([round(ratio, 4) for ratio in ratios]),
        "cost_hash": cost_hash(setting),
        **{key: known[key] for key in ("commit", "dirty", "torch", "cpu")},
        "accelerator": processor(),
        "threads": torch.get_num_threads(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def one_member(setting: Setting, dtype: torch.dtype = torch.float32, members: int = 1) -> tuple[Technique, Update]:
    """A technique with so many members, and a function that does one training update on a fixed batch."""
    task, protocol = tasks.get(setting.task)(), setting.protocol
    rate = setting.learning_rates[-1]
    module = build(setting, tuple(Member(seed=1 + n, learning_rate=rate) for n in range(members))).to(dtype)
    optimizer = module.configure_optimizers()
    stream = generator("cost", setting.task, setting.lag)
    inputs, targets = task.sample(stream, protocol.batch_size, setting.lag)
    inputs = inputs.to(dtype)
    if targets.is_floating_point():
        targets = targets.to(dtype)
    inputs, targets = (x.unsqueeze(0).expand(members, *x.shape).contiguous() for x in (inputs, targets))
    return module, lambda: module.update(optimizer, inputs, targets)


def count_flops(setting: Setting) -> float:
    """Floating-point operations of the products in one training update of one batch, forward and backward.

    Counted in double precision: there every recurrence runs in plain products, which the counter knows, and
    not in a fused kernel, which it does not.
    """
    _, update = one_member(setting, torch.float64)
    with FlopCounterMode(display=False, custom_mapping=UNKNOWN_TO_THE_COUNTER) as counter:
        update()
    return float(counter.get_total_flops())


def _product_flops(total: Any, a: Any, b: Any, **_: Any) -> int:
    """Of a batch of products with shapes (E, M, K) and (E, K, N)."""
    return int(2 * a[0] * a[1] * a[2] * b[2])


def _attention_flops(q: Any, k: Any, v: Any, *_: Any, **__: Any) -> int:
    """Of two products with shapes (B, heads, T, D) and (B, heads, S, D); what causality spares is not deducted."""
    return int(4 * q[0] * q[1] * q[2] * k[2] * q[3])


def _attention_backward_flops(gradient: Any, q: Any, k: Any, v: Any, *_: Any, **__: Any) -> int:
    """Of five products: the scores once more, and the gradients of scores, queries, keys and values."""
    return 5 * _attention_flops(q, k, v) // 2


UNKNOWN_TO_THE_COUNTER = {
    torch.ops.aten.baddbmm_: _product_flops,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention_flops,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward_flops,
}
"""Operations that torch's counter passes over, with what they compute."""


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
    """Processor seconds of one call of each, round by round: while other programs have the processor, none pass."""
    both = (first, second)
    with warm(both):
        # a round calls each there and back: half of its time each way
        repeats = [max(1, round(SECONDS_A_ROUND / (2 * seconds(time.process_time, update, 3)))) for update in both]
        own, base = zip(*(one_round(time.process_time, both, repeats) for _ in range(ROUNDS)), strict=True)
    return list(own), list(base)
