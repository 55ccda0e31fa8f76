"""The sizes and choices that a stack of members is built from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor

from bench.engine.layer import Initialisation


class Objective(Protocol):
    """The part of a task that training needs: outputs (E, scored, B, O), targets (E, scored, B[, …]) → (E,)."""

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor: ...
    def metric(self, outputs: Tensor, targets: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Blueprint:
    """The sizes and choices that the protocol and the task hand to a technique."""

    inputs: int
    outputs: int
    scored: int
    """Steps at the end of a sequence that are scored."""
    lag: int
    steps: int
    """The length T of a whole sequence, for weights that depend on how long a state is to last."""
    hidden_size: int
    seeds: tuple[int, ...]
    """One a member: initial weights depend on it, and nothing else does."""
    learning_rates: tuple[float, ...]
    """One a member."""
    optimizer: str = "adam"
    clip_norm: float | None = None
    initialisation: Initialisation = "default"
    recurrent_gain: float = 1.0
    """The factor on what cells declare as `recurrent`, once it is drawn; 1 but where gradients are to explode."""
    dials: Mapping[str, float] = field(default_factory=dict)
