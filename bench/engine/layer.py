"""What a technique stacks: layers that read sequences in order, for many members at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Literal

from torch import Generator, Tensor, nn

State = tuple[Tensor, ...]
Initialisation = Literal["default", "orthogonal"]


class Layer(nn.Module, ABC):
    """A causal map from inputs (E, T, B, I) to outputs (E, T, B, H), with the members first in every parameter."""

    @abstractmethod
    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw one member's parameters; each takes a generator of its own, by name."""

    @abstractmethod
    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """x (E, T, B, I) → outputs (E, T, B, H) and the last state, from which a later call goes on."""

    @property
    @abstractmethod
    def state_size(self) -> int:
        """Numbers that one member carries from step to step for one sequence."""
