"""Native kernels for what follows a backward pass: norms, and Adam's step with a learning rate per member."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Adam

from bench.engine.native.cell import runs_natively
from bench.engine.native.library import call


def steps_natively(tensors: Sequence[Tensor]) -> bool:
    """Return True if kernels exist and can take these tensors: single precision, on the CPU, dense."""
    return all(x.dtype == torch.float32 and x.is_contiguous() for x in tensors) and runs_natively(tensors[0])


def native_norm(gradients: Sequence[Tensor]) -> Tensor:
    """The Euclidean norm over all gradients of each member: (E, …) each → (E,)."""
    norms = gradients[0].new_empty(gradients[0].shape[0])
    call("norms", *_sizes(gradients), _addresses(gradients), norms)
    return norms


def native_adam(optimizer: Adam, rates: Tensor) -> bool:
    """One step with a learning rate a member: rates (E,). False, and nothing done, where kernels cannot do it.

    The first step is torch's own in any case, for it lays out what the optimiser remembers.
    """
    group = optimizer.param_groups[0]
    moving = [(p, p.grad, optimizer.state.get(p, {})) for p in group["params"] if p.grad is not None]
    if not moving or len(optimizer.param_groups) > 1 or not _is_plain(group):
        return False
    parameters, gradients, memories = zip(*moving, strict=True)
    if not all(memories) or not steps_natively([*parameters, *gradients, rates]):
        return False
    torch._foreach_add_([memory["step"] for memory in memories], 1)
    step = memories[0]["step"].item()
    beta1, beta2 = group["betas"]
    call(
        "adam", *_sizes(parameters), 1 - beta1, 1 - beta2, group["eps"], float(group["weight_decay"]),
        1 - beta1**step, 1 - beta2**step, rates, _addresses(gradients),
        *(_addresses(memory[key] for memory in memories) for key in ("exp_avg", "exp_avg_sq")), _addresses(parameters),
    )  # fmt: skip
    return True


def _is_plain(group: dict[str, Any]) -> bool:
    """Return True for Adam and AdamW as published."""
    decays_by_gradient = group["weight_decay"] and not group["decoupled_weight_decay"]
    return not (group["amsgrad"] or group["maximize"] or decays_by_gradient)


def _sizes(stacks: Sequence[Tensor]) -> tuple[int, int, Any]:
    """Return the number of tensors, of members, and of elements that one member has in each tensor."""
    members = stacks[0].shape[0]
    widths = [stack.numel() // members for stack in stacks]
    return len(stacks), members, (ctypes.c_long * len(widths))(*widths)


def _addresses(stacks: Iterable[Tensor]) -> Any:
    addresses = [stack.data_ptr() for stack in stacks]
    return (ctypes.c_void_p * len(addresses))(*addresses)
