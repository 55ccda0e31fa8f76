"""The contract of a task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from bench.batch import Batch
from bench.errors import BenchError
from bench.own_files import WithFiles

Split = Literal["train", "validation", "test"]

IGNORED = -100
"""The class of a scored step that does not count; torch's cross-entropy knows it."""
ROUNDING = 1e-5
"""Far above that of a mean in single precision."""


class Task(WithFiles, ABC):
    """A long-range problem. Sequences are drawn time first; the last `scored` steps are scored.

    A subclass sets the class attributes and writes `sample`, `trivial_level` and, where a sequence is not as
    long as its lag, `steps`; classification tasks keep `loss` and `metric`, others override both.
    `bench.testing.check_task` says whether it keeps this contract.
    """

    name: ClassVar[str]
    """The name on the command line."""
    title: ClassVar[str]
    """The name in figures and tables."""
    short: ClassVar[str] = ""
    """The name where there is little room, in front of a lag, as 'order'; `name`, if none is given."""
    about: ClassVar[str] = ""
    """The question that the task asks of a network, in a sentence or two for readers of the report."""
    lag_means: ClassVar[str] = ""
    """The steps that its lag counts, as 'the length of the sequence', for readers of the report."""
    symbols: ClassVar[str] = ""
    """A word for each feature of a one-hot input, as drawings show it: 'A B C ·'; numbers, if none are given."""
    answers: ClassVar[str] = ""
    """A word for each class of the answer: 'XX XY YX YY'; numbers, if none are given."""
    reference: ClassVar[str]
    """The paper whose generator it is."""
    inputs: ClassVar[int]
    """Features of one input step."""
    outputs: ClassVar[int]
    """Values of one output step: classes, or regressed numbers."""
    scored: ClassVar[int] = 1
    """Number of steps, the last of a sequence, that the loss and the metric read; see `scored_steps`."""
    least_lag: ClassVar[int] = 1
    """The shortest lag that the generator can draw."""
    most_held_out: ClassVar[int | None] = None
    """The most held-out sequences there are, where data are finite."""
    metric_name: ClassVar[str] = "accuracy"
    higher_is_better: ClassVar[bool] = True
    solved_at: ClassVar[float] = 0.99
    """The metric on held-out sequences from which on the task counts as solved."""
    plateaus: ClassVar[dict[str, float]] = {}
    """Further levels (of the metric) that are worth a line in a plot, by what a model there has learned."""

    @abstractmethod
    def sample(self, generator: Generator, batch_size: int, lag: int, split: Split = "train") -> Batch:
        """Draw inputs (steps, batch, inputs) float32; targets (scored, batch[, …]) float32, or int64 classes.

        A step whose class is IGNORED is not scored.
        Every random number comes from `generator`, a CPU one: equal states give equal sequences. The split
        matters to tasks with finite data alone; of the others, each split has a generator of its own.
        Raises BenchError below the least lag (`check_lag`).
        """

    @abstractmethod
    def trivial_level(self, lag: int) -> float:
        """The metric of the best answer that ignores the input, in closed form; of a forecast, if better, that nothing
        changes.
        """

    def best_level(self) -> float:
        """The metric of right answers alone: 1 of a share, 0 of an error; another metric says its own."""
        return 1.0 if self.higher_is_better else 0.0

    def steps(self, lag: int) -> int:
        """The length of a whole sequence at this lag: the lag itself, unless a task says otherwise."""
        return lag

    def scored_steps(self, lag: int) -> int:
        """Return the number of steps scored at this lag: `scored`, unless a task has more of them at longer lags."""
        return self.scored

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The mean loss of each member: outputs (E, S, B, outputs), targets (E, S, B) → (E,), at S scored steps.

        Losses are additive: the loss of all sequences, or of all scored steps, is the mean of the losses of parts of
        them, weighed by how many sequences or steps each part has. For training may take a batch or a sequence in
        parts, S being then some of the scored steps. So steps that do not count add 0, and the divisor is S all the
        same.

        Here: cross-entropy in nats.
        """
        members = outputs.shape[0]
        flat = F.cross_entropy(outputs.flatten(0, 2), targets.flatten(), reduction="none")
        return flat.view(members, -1).mean(1)

    def metric(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The held-out metric of each member: as `loss`, → (E,), the mean of its sequences' own metrics.

        Here: the share of right classes among the steps that count.
        """
        counted = self.counted(targets).to(torch.float32)
        right = (outputs.argmax(-1) == targets) * counted * (counted.shape[1] / counted.sum(1, keepdim=True))
        return right.flatten(1).mean(1)

    def counted(self, targets: Tensor) -> Tensor:
        """Mark the scored steps that count, (E, scored, B) bool: targets (E, scored, B[, …]) that are not IGNORED.

        Of numbers to regress all count, unless a task says otherwise. Each sequence needs one. Neither the loss nor
        the metric may depend on the outputs at other steps.
        """
        return targets.flatten(3).select(-1, 0) != IGNORED if targets.dim() > 3 else targets != IGNORED

    def solved(self, metric: float) -> bool:
        """Return True if a held-out metric counts as solved; NaN never does."""
        return metric >= self.solved_at if self.higher_is_better else metric <= self.solved_at

    def within_reach(self, metric: float, share: float) -> bool:
        """Return True if the task can still be solved when a share of the held-out sequences has this metric and the
        rest is perfect.
        """
        share *= 1 - ROUNDING
        return self.solved(share * metric + (1 - share) * self.best_level())

    def check_lag(self, lag: int) -> None:
        """Raise BenchError if the generator cannot draw this lag."""
        if lag < self.least_lag:
            raise BenchError(f"Lag {lag} is too short for task '{self.name}': its least lag is {self.least_lag}.")
