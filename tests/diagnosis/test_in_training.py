"""Watching a training changes nothing in it, and tells what matters."""

import math
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from made_up.sequence_models import Linear, Reader
from pytorch_lightning.loggers import CSVLogger
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import bench

SIZE = 64
X = torch.randn(SIZE, 24, 2, generator=torch.Generator().manual_seed(0))
Y = X[:, -1, :1]


class Lit(pl.LightningModule):
    """An LSTM with dropout, so that random numbers are drawn in training."""

    def __init__(self, hidden: int = 8) -> None:
        super().__init__()
        self.rnn, self.drop, self.readout = nn.LSTM(2, hidden, batch_first=True), nn.Dropout(0.3), nn.Linear(hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.readout(self.drop(self.rnn(x)[0][:, -1]))

    def training_step(self, batch: Any, index: int) -> Tensor:
        loss = nn.functional.mse_loss(self(batch[0]), batch[1])
        self.log("loss", loss)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=0.01)


@contextmanager
def quiet() -> Iterator[list[warnings.WarningMessage]]:
    """Gather warnings, Lightning's own among them."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        yield told


def fit(callbacks: list[pl.Callback], updates: int, hidden: int = 8, **more: Any) -> Lit:
    """Train for so many updates."""
    torch.manual_seed(3)
    model = Lit(hidden)
    loader = DataLoader(TensorDataset(X, Y), batch_size=16, shuffle=True)
    trainer = pl.Trainer(
        max_steps=updates, callbacks=callbacks, accelerator="cpu", enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, **{"logger": False} | more,
    )  # fmt: skip
    trainer.fit(model, loader)
    return model


def test_a_run_is_the_same_to_the_bit(tmp_path: Path) -> None:
    flow = bench.GradientFlow(every_n_steps=4)
    logger = CSVLogger(tmp_path, name="", version="")
    with quiet():
        watched = fit([flow], 12, gradient_clip_val=0.01, logger=logger)
        alone = fit([], 12, gradient_clip_val=0.01)
    for a, b in zip(watched.parameters(), alone.parameters(), strict=True):
        assert torch.equal(a, b)
    assert sorted(flow.logged) == ["clip/engaged", "flow/decay", "flow/half_life", "flow/reach", "flow/used"]
    assert flow.logged["clip/engaged"] == 1
    head = (tmp_path / "metrics.csv").read_text().splitlines()[0]
    assert "flow/decay" in head


def test_it_warns_once() -> None:
    with quiet() as told:
        fit([bench.GradientFlow(every_n_steps=2)], 8)
    (said,) = [str(one.message) for one in told if "diagnose" in str(one.message)]
    assert said.startswith("The gradient vanishes: it halves every")
    assert "of 23 with" in said


def test_other_batches_are_left_alone() -> None:
    flow = bench.GradientFlow(every_n_steps=1)
    with pytest.warns(UserWarning, match="a batch has to be"):
        flow.on_train_batch_start(None, None, "text", 0)  # type: ignore[arg-type]
    assert flow.batch is None


def train(model: nn.Module, updates: int, zeroed: bool = True, **more: Any) -> Any:
    torch.manual_seed(1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with bench.watch(model, optimizer, **more) as seen:
        for _ in range(updates):
            if zeroed:
                optimizer.zero_grad()
            nn.functional.mse_loss(model(X), Y).backward()
            optimizer.step()
    return seen


def test_a_loop_is_watched_and_left_as_it_is() -> None:
    torch.manual_seed(0)
    first, second = Reader(), Reader()
    second.load_state_dict(first.state_dict())
    with quiet():
        seen = train(first, 6, every_n_steps=2, clip=1e-6)
        train(second, 6, every_n_steps=100)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    table = seen.to_frame()
    assert table["step"].tolist() == [2, 4, 6]
    assert (table["clip/engaged"] == 1).all()
    assert len(seen.warnings) == 1
    assert not first._forward_pre_hooks


def test_the_decay_is_the_models_own() -> None:
    model = nn.Sequential(Linear(0.9, 2).float(), nn.Linear(2, 1, bias=False))
    model[0].W.requires_grad_(False)
    with quiet():
        seen = train(model, 1, every_n_steps=1)
    assert seen.records[0]["flow/decay"] == pytest.approx(math.log(0.9), abs=1e-4)


def test_gradients_that_are_never_zeroed_are_noticed() -> None:
    with pytest.warns(UserWarning, match="not zeroed"):
        train(Reader(), 2, zeroed=False)


def test_importing_the_package_is_cheap() -> None:
    code = "import bench, sys; assert 'torch' not in sys.modules; assert bench.__version__"
    subprocess.run([sys.executable, "-c", code], check=True)


class Timed(bench.GradientFlow):
    """Adds up the time that its hooks take."""

    spent = 0.0

    def on_train_batch_start(self, *given: Any) -> None:
        self.time_of(super().on_train_batch_start, given)

    def on_before_optimizer_step(self, *given: Any) -> None:
        self.time_of(super().on_before_optimizer_step, given)

    def on_train_batch_end(self, *given: Any) -> None:
        self.time_of(super().on_train_batch_end, given)

    def time_of(self, hook: Any, given: tuple[Any, ...]) -> None:
        begin = time.perf_counter()
        hook(*given)
        self.spent += time.perf_counter() - begin


if __name__ == "__main__":  # its share of the time, measured by hand
    for hidden in (8, 64, 256):
        flow, begin = Timed(), time.perf_counter()
        with quiet():
            fit([flow], 1000, hidden=hidden, gradient_clip_val=1.0)
        print(f"{hidden} units: {flow.spent / (time.perf_counter() - begin):.2%} of the time", flush=True)
