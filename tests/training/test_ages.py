"""Answers by age: what is right of what was shown early, and of what was shown late."""

import json

import pytest
import torch
import torch.nn.functional as F

from bench.engine.seeding import generator
from bench.protocol.preset import Selectors, load_preset, resolve
from bench.tasks import tasks
from bench.tasks.ages import AsksByAge
from bench.training.ages import right_by_age
from bench.training.cohort import build, train_cohort
from bench.training.data import held_out

ORDERED = [name for name, cls in tasks.all().items() if issubclass(cls, AsksByAge)]


@pytest.mark.parametrize(("name", "right"), [("temporal-order", [0.5, 0.75]), ("temporal-order-3", [0.5, 0.75, 1.0])])
def test_each_symbol_is_read_off_the_class_in_the_order_of_the_sequence(name, right):
    """Of four sequences the first symbol is wrong in two, the second in one."""
    task = tasks.get(name)()
    inputs, targets = task.sample(generator("x"), 4, 20)
    shown = [[int(step.argmax()) for step in sequence if step.argmax() < 2] for sequence in inputs.transpose(0, 1)]
    for sequence, first, second in ((0, True, False), (1, True, True)):
        shown[sequence][0] ^= first
        shown[sequence][1] ^= second
    classes = torch.tensor([int("".join(map(str, symbols)), 2) for symbols in shown])
    outputs = F.one_hot(classes, task.outputs).float().view(1, 1, 4, -1)
    assert task.right_by_age(outputs, targets.unsqueeze(0)).tolist() == [right]
    assert task.ages == len(right)


@pytest.mark.parametrize("name", ORDERED)
def test_it_is_reckoned_where_the_outputs_are(name):
    """A device without values stands for a GPU."""
    task = tasks.get(name)()
    found = task.right_by_age(
        torch.zeros(2, 1, 3, task.outputs, device="meta"), torch.zeros(2, 1, 3, dtype=torch.int64, device="meta")
    )
    assert (found.device.type, tuple(found.shape)) == ("meta", (2, task.ages))


def cohort(name, role="measured"):
    words = Selectors(techniques=("tanh",), tasks=(name,), lags=(12,), seeds=2, learning_rates=(0.01,))
    study = resolve(load_preset("smoke"), words)
    return study.measured_cohort(study.settings[0], 0.01).model_copy(update={"role": role})


def test_all_parts_right_is_an_answer_right():
    what, task = cohort("temporal-order"), tasks.get("temporal-order")()
    module = build(what.setting, what.members)
    inputs, targets = held_out(task, 12, "test", 64, [1, 2])
    first, last = zip(*right_by_age(module, task, inputs, targets, [0, 1]), strict=True)
    _, metric = module.evaluate(inputs, targets)
    assert module.task is not task or isinstance(module.task, AsksByAge), "the task is as it was"
    for both, one, other in zip(metric.tolist(), first, last, strict=True):
        assert max(0.0, one + other - 1) <= both + 1e-6
        assert both <= min(one, other) + 1e-6
    assert right_by_age(module, task, inputs, targets, [1]) == [[first[1], last[1]]]


@pytest.mark.parametrize("name", [*ORDERED, "adding"])
def test_measured_runs_keep_the_shares_of_their_last_answers(name):
    kept = [json.loads(shares) for shares in train_cohort(cohort(name)).members["by_age"]]
    assert [len(shares) for shares in kept] == [tasks.get(name)().ages if name in ORDERED else 0] * 2
    assert all(0 <= share <= 1 for shares in kept for share in shares)
    assert train_cohort(cohort("temporal-order", "tuning")).members["by_age"].tolist() == ["[]", "[]"]
