"""Layers, which a technique stacks: they read sequences in order, for many members at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Literal

import torch
from torch import Generator, Tensor, nn

State = tuple[Tensor, ...]
Initialisation = Literal["default", "orthogonal"]


class Layer(nn.Module, ABC):
    """A causal map from inputs (E, T, B, I) to outputs (E, T, B, H), with the members first in every parameter."""

    recurrent: ClassVar[tuple[str, ...]] = ()
    """Names of the parameters that a state is multiplied by: the protocol's gain scales them at the start."""
    states: ClassVar[tuple[str, ...]] = ()
    """Names of the states that it carries from step to step, and that a probe follows; none if it has no steps."""
    cell_state: ClassVar[str | None] = None
    """The state, if any, whose gradient along itself alone a probe follows too, as the quantity `cell`."""

    @abstractmethod
    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw one member's parameters; each takes a generator of its own, by name."""

    @abstractmethod
    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """x (E, T, B, I) → outputs (E, T, B, H) and the last state, from which a later call goes on."""

    def floats_a_step(self, dtype: torch.dtype) -> int:
        """Numbers of this type that training holds for a step of one sequence and member: about as many, seldom more.

        Three of each number that is carried, and one and a half of each column of a parameter: where autograd
        follows `forward`, every product leaves about that much, with its function's value and its gradient.
        """
        columns = sum(p.shape[-1] if p.dim() > 1 else 1 for p in self.parameters())
        return 3 * self.state_size + 3 * columns // 2

    @property
    @abstractmethod
    def state_size(self) -> int:
        """Numbers that one member carries from step to step for one sequence."""


def tower(cell: Callable[[int, int, int], Layer], depth: int, members: int, inputs: int, hidden: int) -> list[Layer]:
    """Stack `depth` layers, each `cell(members, inputs, hidden)`: the first reads the input, the others the layer
    below.
    """
    return [cell(members, width, hidden) for width in [inputs] + [hidden] * (depth - 1)]
