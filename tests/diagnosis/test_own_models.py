"""Models and losses as people have them: none is judged by numbers of another kind, and none ends the program."""

from typing import Any

import numpy as np
import pytest
import torch
from made_up.sequence_models import Linear, Reader, noise, subject
from torch import Tensor, nn

import bench
from bench.diagnosis import flow as flows
from bench.diagnosis import ladder, trivial
from bench.diagnosis.subject import Batch, Subject
from bench.errors import BenchError

X = torch.randn(96, 8, 2, generator=torch.Generator().manual_seed(0))
SIGNS = (X[:, 5, :1] > 0).float()
BCE = nn.functional.binary_cross_entropy_with_logits


class Backward(Reader):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.flip(1))


class Asks(Reader):
    def forward(self, x: Tensor, length: Tensor, more: Any = None, **rest: Any) -> Tensor:  # type: ignore[override]
        return super().forward(x)


class Lengths(Reader):
    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(x)


@pytest.mark.parametrize("loss", ["mse", nn.functional.mse_loss])
def test_predictors_are_compared_where_the_loss_is_of_their_kind(loss: Any) -> None:
    levels = trivial.levels(Subject(Reader(), Batch(X, SIGNS), loss))
    assert levels is not None
    assert levels.comparable


def test_a_loss_of_another_kind_is_compared_with_itself_alone() -> None:
    """At the start cross-entropy is log 2 and a constant's squared error a quarter: neither is below the other."""
    torch.manual_seed(0)
    levels = trivial.levels(Subject(Reader(), Batch(X, SIGNS), BCE))
    assert levels is not None
    assert levels.constant == pytest.approx(0.25, abs=0.02)
    assert not levels.comparable
    found = bench.diagnose(Reader(nn.GRU), (X, SIGNS), BCE)
    assert found.findings[-1].numbers["constant"] > 0.5


def test_classes_by_one_output_are_the_loss_s_own_matter() -> None:
    loss = lambda out, y: BCE(out[:, 0], y.float())  # noqa: E731
    assert trivial.levels(Subject(Reader(), Batch(X, SIGNS[:, 0].long()), loss)) is None
    assert bench.diagnose(Reader(), (X, SIGNS[:, 0].long()), loss, updates=2).verdict
    with pytest.raises(BenchError, match="one output"):
        bench.diagnose(Reader(), (X, SIGNS[:, 0].long()))


def test_reading_backwards_is_no_explosion() -> None:
    """Half the recurrent weights' scale makes the gradient shrink, on the way that the model takes."""
    for kind in (Backward, Reader):
        torch.manual_seed(0)
        model = kind(nn.RNN, inputs=6)
        with torch.no_grad():
            nn.init.orthogonal_(model.rnn.weight_hh_l0).mul_(0.5)
        found = flows.measure(Subject(model, noise(targets=1), "mse").doubled())
        assert (found.growth > flows.GROWTH) == (kind is Backward)
        assert not found.explodes
    assert flows.measure(subject(Linear(1.6), noise())).explodes


def test_a_copy_whose_loss_is_lost_is_told() -> None:
    found = bench.diagnose(Reader(nn.GRU).half(), (X, SIGNS), updates=3)
    assert found.verdict == "explodes"
    assert "numbers of 16 bits" in found.says


@pytest.mark.parametrize(("kind", "needs"), [(Asks, "length"), (Lengths, "lengths")])
def test_arguments_that_nobody_gives_are_named(kind: type[Reader], needs: str) -> None:
    with pytest.raises(BenchError, match=f"needs {needs}, too"):
        bench.diagnose(kind(), (X, SIGNS))


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_a_compiled_model_is_refused() -> None:
    traced = torch.jit.trace(nn.Sequential(nn.Flatten(), nn.Linear(16, 1)), X[:2])
    with pytest.raises(BenchError, match=r"torch\.jit"):
        bench.diagnose(traced, (X, SIGNS))


def test_trials_leave_random_numbers_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "MOST_UPDATES", 1)
    model, before = Reader(nn.RNN), (torch.get_rng_state(), np.random.get_state()[1].tolist())
    found = bench.diagnose(model, (X, SIGNS), updates=1, ladder=True, attempts=True)
    assert {"ladder", "try"} <= {finding.stage for finding in found.findings}
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == np.random.get_state()[1].tolist()
