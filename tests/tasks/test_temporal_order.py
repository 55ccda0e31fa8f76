import itertools

import pytest
import torch
import torch.nn.functional as F

from bench.tasks.hidden_symbols import ALPHABET, HiddenSymbols
from bench.tasks.temporal_order import TemporalOrder
from bench.tasks.temporal_order_3 import TemporalOrder3

both = pytest.mark.parametrize("task", [TemporalOrder(), TemporalOrder3()], ids=lambda task: task.name)


def spelled(inputs: torch.Tensor) -> list[str]:
    assert (inputs.sum(-1) == 1).all()
    return ["".join(ALPHABET[i] for i in sequence) for sequence in inputs.argmax(-1).T.tolist()]


@both
@pytest.mark.parametrize("lag", [10, 11, 19, 25, 99])
def test_class_follows_from_reading_the_sequence(generator, task, lag):
    inputs, targets = task.sample(generator, 200, lag)
    classes = ["".join(order) for order in itertools.product("XY", repeat=len(task.tenths))]
    for text, target in zip(spelled(inputs), targets[0].tolist(), strict=True):
        relevant = "".join(letter for letter in text if letter in "XY")
        assert classes[target] == relevant
        assert (text[0], text[-1]) == ("E", "B")
        assert set(text[1:-1]) <= set("XYabcd")


@pytest.mark.parametrize(
    ("task", "windows"),
    [(TemporalOrder(), [(10, 20), (50, 60)]), (TemporalOrder3(), [(10, 20), (30, 40), (60, 70)])],
    ids=["2", "3"],
)
def test_at_length_100_symbols_lie_where_the_paper_puts_them(generator, task, windows):
    places = [
        [i for i, letter in enumerate(text) if letter in "XY"]
        for text in spelled(task.sample(generator, 2_000, 100)[0])
    ]
    for seen, (start, end) in zip(zip(*places, strict=True), windows, strict=True):
        assert set(seen) == set(range(start, end))


@both
def test_classes_and_distractors_are_evenly_drawn(generator, task):
    inputs, targets = task.sample(generator, 8_000, 20)
    classes = targets[0].bincount(minlength=task.outputs) / 8_000
    assert classes.tolist() == pytest.approx([task.trivial_level(20)] * task.outputs, abs=0.02)
    distractors = inputs[..., 2:6].sum((0, 1))
    assert (distractors / distractors.sum()).tolist() == pytest.approx([0.25] * 4, abs=0.01)


def share(task: HiddenSymbols, answers: torch.Tensor, targets: torch.Tensor) -> float:
    outputs = F.one_hot(answers, task.outputs).float()
    return task.metric(outputs.unsqueeze(0), targets.unsqueeze(0)).item()


@both
def test_plateaus_of_knowing_the_last_symbols(generator, task):
    targets = task.sample(generator, 8_000, 20)[1]
    reached = [share(task, targets % 2**known, targets) for known in range(1, len(task.tenths))]
    assert list(task.plateaus.values()) == pytest.approx(reached, abs=0.02)
    assert share(task, targets, targets) == 1.0
