"""Follows the members of a cohort: evaluates them, keeps their curves, and drops members that have finished."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from bench.batch import Batch
from bench.engine.stack import Block
from bench.records.settings import Cohort, Outcome
from bench.tasks.base import Task
from bench.techniques.base import Technique
from bench.training.ages import right_by_age
from bench.training.confirmation import Confirmation
from bench.training.flow import FlowRecorder, Moment
from bench.training.other_lags import OtherLags

FIRST_LOOK = 1 / 8
"""Share of the held-out sequences that every evaluation runs; see `Monitor._held_out`."""

PROBED_AT = (1 / 16, 1 / 8, 1 / 4, 1 / 2)
"""Shares of the budget after which the gradient flow of members that still train is probed, beside start and end.

The early ones let techniques be compared after equally many updates, before the first of them has solved its task.
"""

Report = Callable[[int, int], None]
"""A function that is called after each evaluation with the updates done and the members that still train."""


@dataclass
class Trace:
    """The record of one member."""

    outcome: Outcome | None = None
    """None while it trains."""
    updates: int = 0
    passed_at: int | None = None
    """The update of an evaluation that looked solved and waits for the next to confirm it."""
    loss: float = math.nan
    metric: float = math.nan
    curve: list[dict[str, float]] = field(default_factory=list)
    test_metrics: dict[int, float] = field(default_factory=dict)
    """The metric at other lags than trained, once it has solved its task."""
    by_age: list[float] = field(default_factory=list)
    """The shares of the parts of its last answers that are right, first shown to last, of tasks that ask by age."""


class Monitor(pl.Callback):
    """Judges every member after each interval of updates, by the rules of docs/protocol.md (5, 6 and 9)."""

    def __init__(
        self,
        cohort: Cohort,
        task: Task,
        sequences: Batch,
        report: Report | None = None,
        flow: FlowRecorder | None = None,
        confirmation: Confirmation | None = None,
        other_lags: OtherLags | None = None,
    ) -> None:
        self.cohort, self.task, self.report, self.flow = cohort, task, report, flow
        self.confirmation, self.other_lags = confirmation, other_lags
        self.inputs, self.targets = sequences
        self.traces = [Trace() for _ in cohort.members]
        self.active = list(range(len(cohort.members)))
        self.done = 0
        self.since: list[dict[str, Tensor]] = []
        """Records made since the last evaluation, one per block."""
        budget = cohort.setting.protocol.updates
        self.probes_left = [math.ceil(share * budget) for share in PROBED_AT if share * budget > 1]

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        self.begin(module)

    def begin(self, module: pl.LightningModule) -> None:
        """Look at every member before training."""
        self.inputs, self.targets = self.inputs.to(module.device), self.targets.to(module.device)
        self._evaluate(module, {})
        self._probe(module, self.active, "start")

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule, outputs: Any, batch: Block, batch_idx: int
    ) -> None:
        self.since.append({key: value.float().cpu() for key, value in outputs.items()})
        records = {key: torch.cat([part[key] for part in self.since]) for key in self.since[0]}
        protocol = self.cohort.setting.protocol
        if len(records["losses"]) < min(protocol.evaluate_every, protocol.updates - self.done):
            return  # a long interval comes in several blocks
        self.since.clear()
        self._note_divergence(records["losses"])
        self.done += len(records["losses"])
        self._evaluate(module, records)
        self._dismiss(trainer, module)
        if self.report:
            self.report(self.done, len(self.active))

    def _note_divergence(self, losses: Tensor) -> None:
        """A loss (K, E) that is not finite ends its member at that update."""
        finite = losses.isfinite()
        for column, index in enumerate(self.active):
            if not finite[:, column].all():
                first = int((~finite[:, column]).nonzero()[0, 0])
                self._finish(index, "diverged", self.done + first + 1)

    def _evaluate(self, module: pl.LightningModule, records: dict[str, Tensor]) -> None:
        whole = self.done in (0, self.cohort.setting.protocol.updates)
        losses, metrics = self._held_out(module, whole)
        for column, index in enumerate(self.active):
            trace = self.traces[index]
            trace.loss, trace.metric = losses[column], metrics[column]
            trace.curve.append(self._point(index, column, records))
            if trace.outcome is None:
                self._judge(index, module, column)

    def _held_out(self, module: pl.LightningModule, whole: bool) -> tuple[list[float], list[float]]:
        """Held-out loss and metric of each active member.

        Unless `whole`, who misses so much of the first sequences that right answers to all others could not make up
        for it is not asked for these: what counts as solved is the same, and most evaluations take an eighth as long.
        """
        assert isinstance(module, Technique)
        count = self.inputs.shape[2]
        first = max(1, int(FIRST_LOOK * count))
        share = first / count
        found = torch.stack(module.evaluate(self.inputs[:, :, :first], self.targets[:, :, :first]))
        metrics = found[1].tolist()
        near = [c for c, metric in enumerate(metrics) if whole or self.task.within_reach(metric, share)]
        if near and first < count:
            members = torch.tensor(near, device=found.device)
            others = torch.stack(module.evaluate(self.inputs[:, :, first:], self.targets[:, :, first:], members))
            found[:, members] = share * found[:, members] + (1 - share) * others
        return found[0].tolist(), found[1].tolist()

    def _point(self, index: int, column: int, records: dict[str, Tensor]) -> dict[str, float]:
        """One row of the member's curve."""
        member, trace = self.cohort.members[index], self.traces[index]
        point = {
            "seed": member.seed, "learning_rate": member.learning_rate, "update": self.done,
            "loss": trace.loss, "metric": trace.metric,
        }  # fmt: skip
        if records:
            norms = records["norms"][:, column]
            losses = records["losses"][:, column]
            point["train_loss"], point["train_loss_peak"] = losses.mean().item(), losses.max().item()
            point["gradient_norm"], point["gradient_peak"] = norms.mean().item(), norms.max().item()
            point["clipped"] = records["clipped"][:, column].mean().item()
        return point

    def _probe(self, module: pl.LightningModule, indices: list[int], moment: Moment) -> None:
        """Measure the gradient flow of these members (places in the cohort)."""
        if self.flow and indices:
            assert isinstance(module, Technique)
            self.flow.take(module, [self.active.index(i) for i in indices], indices, self.done, moment)

    def _judge(self, index: int, module: pl.LightningModule, column: int) -> None:
        """Solved needs two evaluations in a row and fresh sequences; the update that counts is the first of the two."""
        trace = self.traces[index]
        if not (math.isfinite(trace.loss) and math.isfinite(trace.metric)):
            self._finish(index, "diverged", self.done)
        elif not self.task.solved(trace.metric):
            trace.passed_at = None
        elif trace.passed_at is None:
            trace.passed_at = self.done
        elif self._confirmed(index, module, column):
            self._finish(index, "solved", trace.passed_at)
        else:
            trace.passed_at = None

    def _confirmed(self, index: int, module: pl.LightningModule, column: int) -> bool:
        """Return True if nothing speaks against it."""
        assert isinstance(module, Technique)
        seed = self.cohort.members[index].seed
        return self.confirmation is None or self.confirmation.passes(module, column, seed, self.done)

    def _test_at_other_lags(self, module: Technique) -> None:
        """Evaluate the members that have just solved their task, as they are now."""
        for column, index in enumerate(self.active if self.other_lags else ()):
            if self.traces[index].outcome == "solved":
                assert self.other_lags is not None
                self.traces[index].test_metrics = self.other_lags.metrics(
                    module, column, self.cohort.members[index].seed
                )

    def _ask_by_age(self, module: Technique) -> None:
        """Look at the last answers of measured members, part by part."""
        ended = [c for c, index in enumerate(self.active) if self.traces[index].outcome in ("solved", "unsolved")]
        if self.cohort.role == "measured":
            found = right_by_age(module, self.task, self.inputs, self.targets, ended)
            for column, shares in zip(ended, found, strict=True):
                self.traces[self.active[column]].by_age = shares

    def _beaten(self, index: int) -> bool:
        """Return True if the cohort races and another rate has solved with this member's seed: it can no longer win."""
        rivals = zip(self.cohort.members, self.traces, strict=True) if self.cohort.races else ()
        return any(m.seed == self.cohort.members[index].seed and t.outcome == "solved" for m, t in rivals)

    def _finish(self, index: int, outcome: Outcome, updates: int) -> None:
        self.traces[index].outcome, self.traces[index].updates = outcome, updates

    def _dismiss(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Finished members leave the stack; with the last of them, training ends."""
        assert isinstance(module, Technique)
        budget_spent = self.done >= self.cohort.setting.protocol.updates
        for index in self.active:
            if self.traces[index].outcome is None and (budget_spent or self._beaten(index)):
                self._finish(index, "unsolved", self.done)
        self._test_at_other_lags(module)
        self._ask_by_age(module)
        columns = [c for c, index in enumerate(self.active) if self.traces[index].outcome is None]
        self._probe(module, [i for i in self.active if self.traces[i].outcome in ("solved", "unsolved")], "end")
        if self.probes_left and self.done >= self.probes_left[0]:
            self.probes_left.pop(0)
            self._probe(module, [self.active[c] for c in columns], "during")
        if len(columns) == len(self.active):
            return
        self.active = [self.active[c] for c in columns]
        if self.active:
            module.keep(torch.tensor(columns, device=module.device))
        else:
            trainer.should_stop = True
