"""Other ways to train the same members: torch's own modules, a loop over time, a plain Lightning script."""

from __future__ import annotations

import contextlib
import io
import logging
import math
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from pytorch_lightning.loggers import MLFlowLogger
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from bench.batch import Batch
from bench.engine.clipping import global_norm
from bench.engine.recurrence import Recurrence
from bench.engine.seeding import generator
from bench.records.settings import Member, Setting
from bench.tasks import tasks
from bench.techniques import Technique
from bench.training.cohort import build
from bench.training.cost import one_member
from bench.training.data import BlockStream, held_out

CELLS: dict[str, Callable[..., nn.Module]] = {
    "tanh": nn.RNN, "relu": partial(nn.RNN, nonlinearity="relu"), "gru": nn.GRU, "lstm": nn.LSTM,
}  # fmt: skip
"""Torch's own recurrent modules, by technique."""
PLAIN_CELLS = CELLS | {"clip-norm": nn.RNN}
"""What a plain script builds, by technique."""

Update = Callable[[], Any]


def batch(setting: Setting) -> Batch:
    """The batch that `one_member` trains on: inputs (T, B, I), targets (scored, B)."""
    task = tasks.get(setting.task)()
    return task.sample(generator("cost", setting.task, setting.lag), setting.protocol.batch_size, setting.lag)


def module_update(setting: Setting) -> Update:
    """Forward and backward of torch's own module alone: no readout, no optimiser."""
    inputs, _ = batch(setting)
    module = CELLS[setting.technique](inputs.shape[-1], setting.protocol.hidden_size)

    def update() -> None:
        module.zero_grad()
        outputs, _ = module(inputs)
        outputs[-1].square().mean().backward()

    return update


def loop_update(setting: Setting) -> Update:
    """One member with its cell in a Python loop over time, autograd, and plain Adam; returns its loss (1,)."""
    module, _ = one_member(setting)
    for layer in module.layers:
        if isinstance(layer, Recurrence):
            layer.native = lambda: None  # type: ignore[method-assign]
            layer.unroll = layer.loop  # type: ignore[method-assign]
            layer.fallback = partial(Recurrence.fallback, layer)  # type: ignore[method-assign]
    optimizer = torch.optim.Adam(module.parameters(), lr=setting.learning_rates[-1])
    inputs, targets = (x.unsqueeze(0) for x in batch(setting))
    clips = type(module).clip is not Technique.clip or setting.protocol.clip_norm is not None

    def update() -> Tensor:
        optimizer.zero_grad()
        losses = module.accumulate(inputs, targets)
        if clips:
            gradients = [p.grad for p in module.parameters() if p.grad is not None]
            module.clip(gradients, global_norm(gradients))
        optimizer.step()
        return losses

    return update


class PlainModule(pl.LightningModule):
    """What a user would write for one member: a torch module, a linear readout of the last steps, Adam."""

    def __init__(self, setting: Setting, member: Member) -> None:
        super().__init__()
        self.task, self.rate = tasks.get(setting.task)(), member.learning_rate
        hidden = setting.protocol.hidden_size
        self.network = PLAIN_CELLS[setting.technique](self.task.inputs, hidden)
        self.readout = nn.Linear(hidden, self.task.outputs)
        self.solved_before = False
        self.start_as(build(setting, (member,)))

    @torch.no_grad()
    def start_as(self, ours: Technique) -> None:
        """Take our initial weights, so that both stop after about as many updates; torch has a second bias, left 0."""
        for parameter in self.parameters():
            parameter.zero_()
        (layer,) = ours.layers
        self.network.weight_ih_l0.copy_(layer.input_weight[0].t())
        self.network.weight_hh_l0.copy_(layer.recurrent_weight[0].t())
        self.network.bias_ih_l0.copy_(layer.bias[0])
        self.readout.weight.copy_(ours.readout.weight[0].t())

    def forward(self, inputs: Tensor) -> Tensor:
        outputs, _ = self.network(inputs)
        return self.readout(outputs[-self.task.scored :])

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        if targets.is_floating_point():
            return F.mse_loss(outputs.squeeze(-1), targets)
        return F.cross_entropy(outputs.flatten(0, 1), targets.flatten())

    def training_step(self, drawn: list[Tensor], index: int) -> Tensor:
        inputs, targets = drawn
        loss = self.loss(self(inputs), targets)
        self.log("train_loss", loss)
        return loss

    def validation_step(self, drawn: list[Tensor], index: int) -> None:
        inputs, targets = drawn
        outputs = self(inputs)
        loss = self.loss(outputs, targets)
        self.log("loss", loss)
        self.log("metric", loss if targets.is_floating_point() else (outputs.argmax(-1) == targets).float().mean())

    def on_validation_epoch_end(self) -> None:
        """Stop when solved twice in a row, or diverged."""
        if self.trainer.sanity_checking:
            return
        solved = self.task.solved(self.trainer.callback_metrics["metric"].item())
        diverged = not math.isfinite(self.trainer.callback_metrics["loss"].item())
        self.trainer.should_stop = diverged or (solved and self.solved_before)
        self.solved_before = solved

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=self.rate)


class Batches(IterableDataset[tuple[Tensor, Tensor]]):
    """One member's training batches, the same sequences as in ours."""

    def __init__(self, setting: Setting, seed: int) -> None:
        self.blocks = BlockStream(tasks.get(setting.task)(), setting.lag, setting.protocol, [seed])

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for block in self.blocks:
            for inputs, targets in block.batches():
                yield inputs[0], targets[0]


def train_plainly(setting: Setting, members: Sequence[Member], threads: int, flush: bool) -> dict[str, float]:
    """Train members one after the other by a plain script: core seconds, wall seconds and updates, summed.

    Lightning's Trainer as it comes, but for its progress bar; MLflow's logger to a new SQLite file, whose making is
    not counted.
    """
    torch.set_num_threads(threads)
    torch.set_flush_denormal(flush)
    for speaker in ("pytorch_lightning", "mlflow"):
        logging.getLogger(speaker).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("mlflow.db").write_bytes(empty_database())
        logger = partial(MLFlowLogger, setting.task, tracking_uri=f"sqlite:///{folder}/mlflow.db")
        _ = logger().experiment  # makes the experiment
        core, wall = time.process_time(), time.perf_counter()
        updates = sum(_train_one(setting, member, logger()) for member in members)
        return {"core": time.process_time() - core, "wall": time.perf_counter() - wall, "updates": updates}


@cache
def empty_database() -> bytes:
    """A SQLite file with MLflow's tables and no run, which takes MLflow seconds to make."""
    with tempfile.TemporaryDirectory() as folder:
        _ = MLFlowLogger("empty", tracking_uri=f"sqlite:///{folder}/mlflow.db").experiment
        return Path(folder, "mlflow.db").read_bytes()


def _train_one(setting: Setting, member: Member, logger: MLFlowLogger) -> int:
    """Updates that a member trained for."""
    protocol = setting.protocol
    tested = held_out(tasks.get(setting.task)(), setting.lag, "test", protocol.held_out_size, [member.seed])
    trainer = pl.Trainer(
        accelerator="cpu", max_steps=protocol.updates, val_check_interval=protocol.evaluate_every,
        check_val_every_n_epoch=None, logger=logger, enable_progress_bar=False,
        gradient_clip_val=1.0 if setting.technique == "clip-norm" else None,
    )  # fmt: skip
    training = DataLoader(Batches(setting, member.seed), batch_size=None)
    validation = DataLoader([(tested[0][0], tested[1][0])], batch_size=None)
    with contextlib.redirect_stdout(io.StringIO()):  # the model's summary
        trainer.fit(PlainModule(setting, member), training, validation)
    return trainer.global_step
