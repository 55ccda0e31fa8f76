"""Torch's optimisers for a stack whose members have learning rates of their own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.optim import SGD, Adam, AdamW, NAdam, Optimizer, RAdam, RMSprop
from torch.optim.optimizer import ParamsT

from bench.engine.native import native_adam

MOMENTUM = 0.9
"""SGD's momentum, the usual one. Without it SGD does not solve these tasks."""
RATE_FACTOR = "rate_factor"
"""The key, in a group of parameters, of a factor on every member's rate; without it the factor is 1."""


OPTIMIZERS: dict[str, Callable[[ParamsT], Optimizer]] = {
    "adam": partial(Adam, lr=1.0, fused=True),
    "adamw": partial(AdamW, lr=1.0, fused=True),
    "nadam": partial(NAdam, lr=1.0),
    "radam": partial(RAdam, lr=1.0),
    "rmsprop": partial(RMSprop, lr=1.0),
    "sgd": partial(SGD, lr=1.0, momentum=MOMENTUM, fused=True),
}


def unit_rate_optimizer(name: str, parameters: ParamsT) -> Optimizer:
    """Torch's optimiser of this name at learning rate 1, its other settings at torch's defaults."""
    return OPTIMIZERS[name](parameters)


@torch.no_grad()
def step_members(optimizer: Optimizer, rates: Tensor) -> None:
    """One step with a learning rate a member: rates (E,), the optimiser at rate 1.

    The displacement of each of these optimisers is linear in its rate, so that a step of rate η is the share η
    of the way to where a step of rate 1 would lead. Adam has a kernel that goes there at once.
    """
    factors = [group.get(RATE_FACTOR, 1.0) for group in optimizer.param_groups]
    if isinstance(optimizer, Adam) and factors == [1.0] and native_adam(optimizer, rates):
        return
    groups = [group["params"] for group in optimizer.param_groups]
    moving = [(p, p.clone(), rates * f) for f, group in zip(factors, groups, strict=True) for p in group]
    optimizer.step()
    for p, old, own in moving:
        torch.lerp(old, p, own.view(-1, *[1] * (p.dim() - 1)), out=p)


@torch.no_grad()
def keep_members(optimizer: Optimizer, keep: Tensor) -> None:
    """Drop all members but `keep` (indices) from the parameters and from what the optimiser remembers."""
    for group in optimizer.param_groups:
        for p in group["params"]:
            memory = optimizer.state.get(p, {})
            for key, value in memory.items():
                if isinstance(value, Tensor) and value.shape == p.shape:
                    memory[key] = value[keep]
            p.data, p.grad = p.data[keep], None
