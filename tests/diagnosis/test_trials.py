"""The stages that train more: the module on our tasks, and remedies on the user's data."""

import math

import numpy as np
import pytest
import torch
from made_up.sequence_models import Reader
from torch import Tensor, nn

from bench.diagnosis import attempts, ladder
from bench.diagnosis.findings import Remedy
from bench.diagnosis.subject import Batch, Subject
from bench.languages import Message

X = torch.randn(48, 6, 2, generator=torch.Generator().manual_seed(0))
PAST = Batch(X, X[:, 0, :1])


class Last(nn.Module):
    """It sees the last step alone, and so learns no lag."""

    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.line(x[:, -1]))


def remedy(name: str, code: str) -> Remedy:
    return Remedy(name, Message("Try it."), Message("none"), code, changes_model=True)


def test_a_ladder_ends_where_a_module_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "AT_END", ("temporal-order",))
    monkeypatch.setattr(ladder, "LAGS", (10, 11))
    monkeypatch.setattr(ladder, "MOST_UPDATES", 400)
    torch.manual_seed(0)
    learns = ladder.climb(Subject(Reader(nn.GRU, size=32), PAST, "mse"), 60, 5)
    assert learns.numbers["longest"]["temporal-order"] >= 10
    assert learns.verdict == "healthy"
    monkeypatch.setattr(ladder, "MOST_UPDATES", 50)
    never = ladder.climb(Subject(Last(), PAST, "mse"), 60, 5)
    assert never.numbers["longest"] == {"temporal-order": 0}
    assert never.verdict == "cannot tell"


def test_tokens_have_no_ladder() -> None:
    model = nn.Sequential(nn.Embedding(4, 2), Last())
    found = ladder.climb(Subject(model, Batch(torch.ones(8, 6).long(), X[:8, 0, :1]), "mse"), 1, 5)
    assert found.verdict == "cannot tell"


def test_what_helps_wins_and_its_code_is_what_was_tried() -> None:
    """Weights that nothing is learnt from, against ordinary ones."""

    def fresh(seed: int) -> nn.Module:
        torch.manual_seed(seed)
        model = Reader(nn.GRU)
        nn.init.constant_(model.readout.weight, 30.0)
        return model

    helps = remedy("smaller", "nn.init.normal_(model.readout.weight, std=0.1)")
    idle = remedy("idle", "model.readout.weight.data *= 1.0")
    found = attempts.attempt(Subject(fresh(0), PAST, "mse", fresh=fresh), (idle, helps), 4, 25, 60)
    assert found.verdict == "healthy"
    assert found.numbers["code"] == helps.code
    assert found.numbers["smaller"]["high"] < 1
    assert (found.numbers["idle"]["ratio"], found.numbers["idle"]["p"]) == (1, 1)


def test_the_interval_is_students_and_p_is_holms() -> None:
    rng = np.random.default_rng(0)
    plain = rng.normal(size=6)
    first, second = plain - 1 + 0.1 * rng.normal(size=6), plain + rng.normal(size=6)
    one, two = attempts._tested([remedy("a", ""), remedy("b", "")], plain, [first, second])
    difference = first - plain
    half = 2.5705818 * difference.std(ddof=1) / math.sqrt(6)  # t at 0.975 with 5 degrees of freedom
    assert one.low == pytest.approx(math.exp(difference.mean() - half))
    assert one.high == pytest.approx(math.exp(difference.mean() + half))
    assert one.p < 0.001 < two.p


def test_nothing_is_tried_where_no_remedy_changes_the_model() -> None:
    found = attempts.attempt(Subject(Last(), PAST, "mse"), (), 3, 5, 5)
    assert found.verdict == "cannot tell"
