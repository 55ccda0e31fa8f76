"""The gradient's flow as a callback of Lightning."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from bench.diagnosis.glance import Norms, concern, few, glance
from bench.diagnosis.subject import TRAINING_STEP, Batch, Loss, Subject
from bench.errors import BenchError

NORMS = 10
"""Updates between two looks at which the gradient's norm is noted."""


class GradientFlow(Callback):
    """Logs five numbers every so many updates, and warns once if the gradient does not travel through time.

    `flow/decay` (nats a step), `flow/half_life`, `flow/reach` and `flow/used` (steps) are measured on a few sequences
    of the first batch; `clip/engaged` is the share of updates that gradient clipping has changed. No random number is
    drawn and no gradient touched: training is the same to the bit. A batch has to be (x, y) or (x, y, lengths).
    """

    def __init__(self, every_n_steps: int = 200, time_dim: int = 1, loss: str | Loss = TRAINING_STEP) -> None:
        if every_n_steps < 1:
            raise BenchError("every_n_steps has to be at least 1.")
        self.every, self.time, self.loss = every_n_steps, time_dim, loss
        self.batch: Batch | None = None
        self.norms = Norms(None)
        self.warned = False
        self.logged: dict[str, float] = {}
        """The newest numbers."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note the threshold that gradients are clipped at."""
        self.norms = Norms(trainer.gradient_clip_val)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Keep a few sequences of the first batch."""
        if self.batch is None and not self.warned:
            self.batch = self._kept(batch)
            if self.batch is None:
                self._warn("GradientFlow measures nothing: a batch has to be (x, y) or (x, y, lengths), tensors all.")

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Any) -> None:
        """Note the gradient's norm now and then, before it is clipped."""
        if self.norms.threshold and trainer.global_step % max(1, self.every // NORMS) == 0:
            self.norms.take(p for group in optimizer.param_groups for p in group["params"])

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Measure, log and warn."""
        if self.batch is None or trainer.global_step % self.every or not trainer.is_global_zero:
            return
        subject = Subject(pl_module, self.batch, self.loss, self.time)
        try:
            numbers, flow = glance(subject)
        except BenchError as error:
            self.batch = None
            self._warn(f"GradientFlow measures nothing: {error}")
            return
        numbers["clip/engaged"] = self.norms.engaged()
        self.logged = {name: value for name, value in numbers.items() if math.isfinite(value)}
        for logger in trainer.loggers:
            logger.log_metrics(self.logged, step=trainer.global_step)
        if said := concern(flow, subject.steps):
            self._warn(f"{said} 'bptt-bench diagnose' finds out whether that matters, and what helps.")

    def _warn(self, sentence: str) -> None:
        if not self.warned:
            warnings.warn(sentence, stacklevel=2)
        self.warned = True

    def _kept(self, batch: Any) -> Batch | None:
        values = [batch.get("x"), batch.get("y"), batch.get("lengths")] if isinstance(batch, Mapping) else batch
        if not isinstance(values, list | tuple):
            return None
        tensors = [value for value in values if value is not None]
        if not 2 <= len(tensors) <= 3 or not all(isinstance(value, Tensor) for value in tensors):
            return None
        whole = Batch(*tensors)
        if whole.x.dim() <= max(self.time, 1) or not whole.y.dim():
            return None
        stepwise = Subject(torch.nn.Identity(), whole, self.loss, self.time).stepwise
        return few(whole, self.time, stepwise)
