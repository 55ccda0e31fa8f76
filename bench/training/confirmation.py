"""Confirms on fresh sequences that a task is solved: the fixed held-out ones may be easy for a network by luck."""

from __future__ import annotations

import torch

from bench.engine.seeding import generator
from bench.records.settings import Cohort
from bench.tasks.base import Split, Task
from bench.techniques.base import Technique

SETS = 8
"""Fresh sets, each as large as the held-out one, that make a confirmation: its error is a third of an evaluation's."""


class Confirmation:
    """Draws sequences that no evaluation has used, anew for each attempt, and evaluates a member on them."""

    def __init__(self, cohort: Cohort, task: Task, split: Split) -> None:
        self.task, self.split = task, split
        self.lag, self.size = cohort.setting.lag, cohort.setting.protocol.held_out_size

    def passes(self, module: Technique, column: int, seed: int, update: int) -> bool:
        """Return True if the member in this column of the stack solves them, too; their mean metric counts.

        Data that are finite have no fresh sequences, so that there is nothing to confirm.
        """
        if self.task.most_held_out is not None:
            return True
        total = 0.0
        for done in range(SETS):
            total += self._metric(module, column, (seed, update, done))
            if not self.task.within_reach(total / (done + 1), (done + 1) / SETS):
                return False
        return self.task.solved(total / SETS)

    def _metric(self, module: Technique, column: int, key: tuple[int, ...]) -> float:
        stream = generator(self.task.name, self.lag, "confirm", *key)
        drawn = self.task.sample(stream, self.size, self.lag, self.split)
        seeds = int(module.rows.max()) + 1  # a member finds its sequences by its seed's row
        inputs, targets = (x.to(module.device).expand(seeds, *x.shape) for x in drawn)
        _, metric = module.evaluate(inputs, targets, torch.tensor([column], device=module.device))
        return metric.item()
