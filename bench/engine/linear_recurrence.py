"""Recurrences that are linear in their state, with real factors of the input alone."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from bench.engine.layer import State
from bench.engine.recurrence import Recurrence
from bench.engine.scan import scan


class LinearRecurrence(Recurrence):
    """h' = a ∘ h + b. A subclass's `drive` gives a and b side by side: x (E, T, B, I) → (E, T, B, 2 H)."""

    recurrent: ClassVar[tuple[str, ...]] = ()  # factors are bounded by their form: no gain may change that

    def step(self, drive: Tensor, state: State) -> State:
        (h,) = state
        a, b = drive.chunk(2, dim=-1)
        return (torch.addcmul(b, a, h),)

    def unroll(self, drive: Tensor, state: State) -> tuple[Tensor, State]:
        """Unroll like the loop, by a scan."""
        a, b = drive.chunk(2, dim=-1)
        outputs = scan(a, b, state[0])
        return outputs, (outputs[:, -1],)
