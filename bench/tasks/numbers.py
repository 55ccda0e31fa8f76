"""Numbers that are asked for: their error."""

from __future__ import annotations

from abc import ABC

from torch import Tensor

from bench.tasks.base import Task


class Numbers(Task, ABC):
    """A task that asks for numbers: its loss and its metric are the mean squared error."""

    metric_name = "mean squared error"
    higher_is_better = False

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean squared error, (E,)."""
        return (outputs - targets).square().flatten(1).mean(1)

    def metric(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The same as the loss."""
        return self.loss(outputs, targets)
