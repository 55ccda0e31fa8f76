"""A task on data of one's own: a series whose last part is unlike its first."""

import torch
import torch.nn.functional as F

from bench.tasks.base import Task

LENGTH, WINDOWS = 400, 60
SERIES = torch.sin(torch.arange(LENGTH) / 3) + torch.linspace(0, 3, LENGTH) ** 2 / 3
PARTS = {"train": (0, 240), "validation": (240, 320), "test": (320, LENGTH)}


class Drifting(Task):
    """Say the series' next value, after hearing `lag` of them."""

    name = "drifting"
    title = "A series that drifts"
    reference = "an example"
    inputs, outputs = 1, 1
    most_held_out = WINDOWS
    metric_name = "mean squared error"
    higher_is_better = False
    solved_at = 0.01
    fixed = False
    """Whether every seed is held to the same windows."""

    def sample(self, generator, batch_size, lag, split="train"):
        self.check_lag(lag)
        begin, end = PARTS[split]
        count = end - begin - lag
        if split == "train" or not self.fixed:
            first = torch.randint(count, (batch_size,), generator=generator)
        else:
            first = torch.arange(min(WINDOWS, count))[:batch_size]
        windows = SERIES[begin + first + torch.arange(lag + 1).unsqueeze(1)]
        return windows[:-1].unsqueeze(-1), windows[-1:]

    def trivial_level(self, lag):
        """The error on test windows of always saying the mean of the training part."""
        known, targets = SERIES[slice(*PARTS["train"])], SERIES[PARTS["test"][0] + lag :][:WINDOWS]
        return (targets - known.mean()).square().mean().item()

    def loss(self, outputs, targets):
        return F.mse_loss(outputs.squeeze(-1), targets, reduction="none").flatten(1).mean(1)

    def metric(self, outputs, targets):
        return self.loss(outputs, targets)


class DriftingFixed(Drifting):
    """The same, on windows that are the same for all."""

    name = "drifting-fixed"
    fixed = True
