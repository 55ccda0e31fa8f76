"""Length generalisation: tests runs that solved their task at other lags than they were trained at."""

from __future__ import annotations

from dataclasses import replace

import torch

from bench.engine.seeding import generator
from bench.records.settings import Cohort
from bench.tasks.base import Task
from bench.techniques.base import Technique


class OtherLags:
    """Evaluates a member at the protocol's multiples of its lag, on test sequences that only its seed decides."""

    def __init__(self, cohort: Cohort, task: Task) -> None:
        protocol = cohort.setting.protocol
        self.task, self.size = task, protocol.held_out_size
        lags = {round(times * cohort.setting.lag) for times in protocol.test_lags}
        self.lags = sorted(lag for lag in lags if lag >= task.least_lag)

    def metrics(self, module: Technique, column: int, seed: int) -> dict[int, float]:
        """Return the metric at each lag of the member in this column of the stack."""
        trained = module.blueprint
        try:
            return {lag: self._metric(module, column, seed, lag) for lag in self.lags}
        finally:
            module.blueprint = trained

    def _metric(self, module: Technique, column: int, seed: int, lag: int) -> float:
        module.blueprint = replace(module.blueprint, scored=self.task.scored_steps(lag))
        drawn = self.task.sample(generator(self.task.name, lag, "test", seed), self.size, lag, "test")
        seeds = int(module.rows.max()) + 1  # a member finds its sequences by its seed's row
        inputs, targets = (x.to(module.device).expand(seeds, *x.shape) for x in drawn)
        _, metric = module.evaluate(inputs, targets, torch.tensor([column], device=module.device))
        return metric.item()
