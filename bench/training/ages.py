"""Early and late: what of a member's answers is right, by the time at which it was shown."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.tasks.ages import AsksByAge
from bench.tasks.base import Task
from bench.techniques.base import Technique


@dataclass(frozen=True)
class _AtAge:
    """The task, with the share of one part of the answer that is right as its metric."""

    task: Task
    age: int

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return self.task.loss(outputs, targets)

    def metric(self, outputs: Tensor, targets: Tensor) -> Tensor:
        assert isinstance(self.task, AsksByAge)
        return self.task.right_by_age(outputs, targets)[:, self.age]


def right_by_age(
    module: Technique, task: Task, inputs: Tensor, targets: Tensor, columns: list[int]
) -> list[list[float]]:
    """Return the shares of the parts of an answer that are right, first to last, of members by their column.

    inputs (S, T, N, I) and targets (S, scored, N) are held-out sequences. Without parts the lists are empty.
    """
    if not isinstance(task, AsksByAge) or not columns:
        return [[] for _ in columns]
    members = torch.tensor(columns, device=module.device)
    own = module.task
    try:
        shares = []
        for age in range(task.ages):
            module.task = _AtAge(task, age)
            shares.append(module.evaluate(inputs, targets, members)[1])
    finally:
        module.task = own
    found: list[list[float]] = torch.stack(shares, 1).tolist()
    return found
