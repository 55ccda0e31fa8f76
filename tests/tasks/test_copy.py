import pytest
import torch
import torch.nn.functional as F

from bench.tasks.copy import BLANK, DELIMITER, Copy

task = Copy()


@pytest.mark.parametrize("lag", [1, 2, 30])
def test_symbols_then_the_lag_which_a_delimiter_ends_then_recall(generator, lag):
    inputs, targets = task.sample(generator, 20, lag)
    assert (inputs.sum(-1) == 1).all()
    assert len(inputs) == lag + 20
    for sequence, shown in zip(inputs.argmax(-1).T.tolist(), targets.T.tolist(), strict=True):
        assert sequence == [*shown, *[BLANK] * (lag - 1), DELIMITER, *[BLANK] * 10]


def test_recall_starts_at_the_step_after_the_delimiter(generator):
    inputs, _ = task.sample(generator, 20, 17)
    assert (inputs[-task.scored - 1].argmax(-1) == DELIMITER).all()
    assert (inputs[-task.scored :].argmax(-1) == BLANK).all()


def test_symbols_are_evenly_drawn_at_every_place(generator):
    targets = task.sample(generator, 8_000, 3)[1]
    counts = torch.stack([place.bincount(minlength=8) for place in targets])
    assert ((counts - 1000).abs() < 5 * 1000**0.5).all()


def share(answers: torch.Tensor, targets: torch.Tensor) -> float:
    return task.metric(F.one_hot(answers, 8).float().unsqueeze(0), targets.unsqueeze(0)).item()


def test_recall_alone_is_scored(generator):
    inputs, targets = task.sample(generator, 4_000, 100)
    remembered = inputs[:10].argmax(-1)
    late = remembered.roll(1, 0)
    assert share(remembered, targets) == 1.0
    assert share(late, targets) == pytest.approx(task.trivial_level(100), rel=0.05)
    for symbol in range(8):
        constant = torch.full_like(targets, symbol)
        assert share(constant, targets) == pytest.approx(task.trivial_level(100), rel=0.05)
