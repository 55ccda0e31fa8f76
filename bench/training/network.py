"""Networks of a given size, and the operations of their updates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from bench.engine.blueprint import Blueprint
from bench.engine.seeding import generator
from bench.protocol.preset import parse_technique
from bench.records.settings import Member, Protocol, Setting
from bench.tasks import tasks
from bench.techniques import Technique


def network(setting: Setting, members: tuple[Member, ...], units: int) -> Technique:
    """The technique of a setting with this many hidden units, initialised for these members."""
    _, cls, dials = parse_technique(setting.technique)
    task, protocol = tasks.get(setting.task)(), setting.protocol
    chosen = {f.name: getattr(protocol, f.name) for f in fields(Blueprint) if f.name in Protocol.model_fields}
    own = {
        "hidden_size": units,
        "inputs": task.inputs,
        "outputs": task.outputs,
        "scored": task.scored_steps(setting.lag),
        "lag": setting.lag,
        "steps": task.steps(setting.lag),
        "seeds": tuple(m.seed for m in members),
        "learning_rates": tuple(m.learning_rate for m in members),
        "dials": dials,
    }
    return cls(Blueprint(**(chosen | own)), task)


def updating(
    setting: Setting, units: int, dtype: torch.dtype = torch.float32, members: int = 1
) -> tuple[Technique, Callable[[], object]]:
    """Build a technique for several members, and a function that does one training update on a fixed batch."""
    task, protocol = tasks.get(setting.task)(), setting.protocol
    rate = setting.learning_rates[-1]
    module = network(setting, tuple(Member(seed=1 + n, learning_rate=rate) for n in range(members)), units).to(dtype)
    optimizer = module.configure_optimizers()
    stream = generator("cost", setting.task, setting.lag)
    inputs, targets = task.sample(stream, protocol.batch_size, setting.lag)
    inputs = inputs.to(dtype)
    if targets.is_floating_point():
        targets = targets.to(dtype)
    inputs, targets = (x.unsqueeze(0).expand(members, *x.shape).contiguous() for x in (inputs, targets))
    return module, lambda: module.update(optimizer, inputs, targets)


def operations(setting: Setting, units: int) -> float:
    """Floating-point operations of the products in one training update of one batch, forward and backward.

    Counted in double precision: there every recurrence runs in plain products, which the counter knows, and
    not in a fused kernel, which it does not.
    """
    _, update = updating(setting, units, torch.float64)
    with FlopCounterMode(display=False, custom_mapping=UNKNOWN_TO_THE_COUNTER) as counter:
        update()
    return float(counter.get_total_flops())


def _product_flops(total: Any, a: Any, b: Any, **_: Any) -> int:
    """Count the operations of a batch of products of shapes (E, M, K) and (E, K, N)."""
    return int(2 * a[0] * a[1] * a[2] * b[2])


def _attention_flops(q: Any, k: Any, v: Any, *_: Any, **__: Any) -> int:
    """Count the operations of two products of shapes (B, heads, T, D) and (B, heads, S, D); causal masking is not
    deducted.
    """
    return int(4 * q[0] * q[1] * q[2] * k[2] * q[3])


def _attention_backward_flops(gradient: Any, q: Any, k: Any, v: Any, *_: Any, **__: Any) -> int:
    """Count the operations of five products: the scores again, and the gradients of scores, queries, keys, values."""
    return 5 * _attention_flops(q, k, v) // 2


UNKNOWN_TO_THE_COUNTER = {
    torch.ops.aten.baddbmm_: _product_flops,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention_flops,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward_flops,
}
"""Operations that torch's counter passes over, with what they compute."""
