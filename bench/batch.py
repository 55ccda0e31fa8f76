"""Sequences with their targets, as tasks draw them and training reads them."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Batch(NamedTuple):
    """Sequences and what is to be answered: time is the first axis of both, or follows seeds, members or updates."""

    inputs: Tensor
    """(…, T, B, I) float32: T steps of B sequences with I features."""
    targets: Tensor
    """(…, scored, B[, …]) float32, or int64 classes: the answers at the last `scored` steps."""
