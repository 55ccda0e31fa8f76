"""Every registered task keeps the contract, and the contract's tests see each way of breaking it."""

import math
import re
import subprocess
import sys
from typing import ClassVar

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from bench.contract import first_fault
from bench.errors import BenchError
from bench.tasks import tasks
from bench.tasks.adding import Adding
from bench.tasks.base import IGNORED, Task
from bench.tasks.contract import CHECKS
from bench.tasks.copy import Copy
from bench.testing import check_task


@pytest.mark.parametrize("name", tasks.names())
def test_registered_task_keeps_the_contract(name):
    check_task(tasks.get(name))


def test_the_tasks_of_the_protocol_are_registered():
    expected = {"adding", "copy", "digits", "digits-permuted", "temporal-order", "temporal-order-3"}
    assert expected <= set(tasks.names())


def test_listing_the_tasks_imports_no_data_library():
    code = "import sys; from bench.tasks import tasks; tasks.names(); sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class Untitled(Adding):
    """Breaks one thing."""

    title = " "


class NamedWithComma(Adding):
    """Breaks one thing."""

    name = "adding,more"


class Undocumented(Adding):
    pass


class TrivialSolves(Adding):
    """Breaks one thing."""

    solved_at = 0.2


class NanSolves(Adding):
    """Breaks one thing."""

    def solved(self, metric):
        return not metric > self.solved_at


class NothingSolves(Adding):
    """Breaks one thing."""

    def solved(self, metric):
        return metric < self.solved_at


class PlateauBelowTrivial(Adding):
    """Breaks one thing."""

    plateaus: ClassVar = {"nothing known": 1 / 6}


class WrongLevel(Adding):
    """Breaks one thing."""

    def trivial_level(self, lag):
        return 1 / 12 + 0.01


class WrongBest(Adding):
    """Breaks one thing."""

    def best_level(self):
        return 0.001


class WrongLength(Adding):
    """Breaks one thing."""

    def steps(self, lag):
        return lag + 1


class BatchFirst(Adding):
    """Breaks one thing."""

    def sample(self, generator, batch_size, lag, split="train"):
        inputs, targets = super().sample(generator, batch_size, lag, split)
        return inputs, targets.T


class DoublePrecision(Adding):
    """Breaks one thing."""

    def sample(self, generator, batch_size, lag, split="train"):
        inputs, targets = super().sample(generator, batch_size, lag, split)
        return inputs.double(), targets


class InfiniteInTest(Adding):
    """Breaks one thing."""

    def sample(self, generator, batch_size, lag, split="train"):
        inputs, targets = super().sample(generator, batch_size, lag, split)
        return (inputs / 0 if split == "test" else inputs), targets


class ClassOutOfRange(Copy):
    """Breaks one thing."""

    outputs = 7


class TooFewSymbols(Copy):
    """Breaks one thing."""

    symbols = "A B C ·"


class SmallIntegers(Copy):
    """Breaks one thing."""

    def sample(self, generator, batch_size, lag, split="train"):
        inputs, targets = super().sample(generator, batch_size, lag, split)
        return inputs, targets.int()


class DrawsFromNumpy(Adding):
    """Breaks one thing: seeds one library and draws from another."""

    def sample(self, generator, batch_size, lag, split="train"):
        inputs, targets = super().sample(generator, batch_size, lag, split)
        return inputs + float(np.random.rand()), targets


class DrawsFromEntropy(Adding):
    """Breaks one thing."""

    def sample(self, generator, batch_size, lag, split="train"):
        inputs, targets = super().sample(generator, batch_size, lag, split)
        return inputs + float(np.random.default_rng().random()), targets


class AlwaysTheSame(Adding):
    """Breaks one thing."""

    def sample(self, generator, batch_size, lag, split="train"):
        return super().sample(torch.Generator().manual_seed(0), batch_size, lag, split)


class SeedOnly(Adding):
    """Breaks one thing: a second batch repeats the first."""

    def sample(self, generator, batch_size, lag, split="train"):
        fresh = torch.Generator().manual_seed(generator.initial_seed())
        return super().sample(fresh, batch_size, lag, split)


class AnyLag(Copy):
    """Breaks one thing."""

    def check_lag(self, lag):
        pass


class NegativeLag(Copy):
    """Breaks one thing."""

    least_lag = -1


class PooledLoss(Adding):
    """Breaks one thing."""

    def loss(self, outputs, targets):
        return super().loss(outputs, targets).mean()


class EntangledLoss(Adding):
    """Breaks one thing."""

    def loss(self, outputs, targets):
        return super().loss(outputs, targets) / outputs.std()


class SummedLoss(Adding):
    """Breaks one thing."""

    def loss(self, outputs, targets):
        return super().loss(outputs, targets) * targets.shape[-1]


class NanLoss(Adding):
    """Breaks one thing."""

    def loss(self, outputs, targets):
        return super().loss(outputs, targets) + (outputs - outputs.detach()).sum() * math.nan

    def metric(self, outputs, targets):
        return Adding.loss(self, outputs, targets)


class StuckLoss(Adding):
    """Breaks one thing."""

    def loss(self, outputs, targets):
        return super().loss(outputs.detach() + 0 * outputs, targets)

    def metric(self, outputs, targets):
        return Adding.loss(self, outputs, targets)


class WrongAnswers(Adding):
    """Breaks one thing."""

    def metric(self, outputs, targets):
        return super().metric(outputs + 1, targets)


class Broadcasts(Adding):
    """Breaks one thing: targets with an axis more make (E, 1, B, B) of a difference."""

    def sample(self, generator, batch_size, lag, split="train"):
        inputs, targets = super().sample(generator, batch_size, lag, split)
        return inputs, targets.unsqueeze(-1)

    def loss(self, outputs, targets):
        return (outputs.squeeze(-1) - targets).square().flatten(1).mean(1)


class BroadcastsWithin(Adding):
    """Breaks one thing: (E, B, 1) and (E, 1, B) give (E, B, B), each member for itself."""

    def loss(self, outputs, targets):
        return (outputs[:, 0] - targets).square().flatten(1).mean(1)


class RootOfMean(Adding):
    """Breaks one thing."""

    def metric(self, outputs, targets):
        return super().metric(outputs, targets).sqrt()


class Unwritten(Task):
    """Breaks one thing."""

    name = "unwritten"

    def sample(self, generator, batch_size, lag, split="train"):
        return torch.zeros(lag, batch_size, 1), torch.zeros(1, batch_size)


class Configured(Adding):
    """Breaks one thing."""

    def __init__(self, file):
        self.file = file


class NoInputs(Adding):
    """Breaks one thing."""

    inputs = None  # type: ignore[assignment]


class InputsAlone(Adding):
    """Breaks one thing."""

    def sample(self, generator, batch_size, lag, split="train"):
        return super().sample(generator, batch_size, lag, split)[0]


class NoLevel(Adding):
    """Breaks one thing."""

    def trivial_level(self, lag):
        return math.nan


class Selective(Copy):
    """Of ten symbols some are asked for, others not, and that differs between sequences.

    1 2 3  →  1 · 3
    """

    name = "selective"

    def sample(self, generator, batch_size, lag, split="train"):
        inputs, targets = super().sample(generator, batch_size, lag, split)
        asked = torch.rand(targets.shape, generator=generator) < 0.6
        asked[0] = True
        return inputs, targets.where(asked, IGNORED)


class MaskedMean(Selective):
    """Breaks one thing: parts of a batch with fewer steps that count weigh as much as others."""

    def loss(self, outputs, targets):
        counted = self.counted(targets).flatten(1).sum(1)
        return super().loss(outputs, targets) * outputs.shape[1] * outputs.shape[2] / counted


class WorstStep(Copy):
    """Breaks one thing: a mean over sequences that is none over time."""

    def loss(self, outputs, targets):
        flat = F.cross_entropy(outputs.flatten(0, 2), targets.flatten(), reduction="none")
        return flat.view(targets.shape).amax(1).mean(1)


class NothingCounts(Selective):
    """Breaks one thing."""

    def sample(self, generator, batch_size, lag, split="train"):
        inputs, targets = super().sample(generator, batch_size, lag, split)
        targets[:, 0] = IGNORED
        return inputs, targets


class DeafToItsMask(Adding):
    """Breaks one thing."""

    scored = 2

    def sample(self, generator, batch_size, lag, split="train"):
        inputs, targets = super().sample(generator, batch_size, lag, split)
        return inputs, targets.expand(2, batch_size)

    def counted(self, targets):
        return torch.arange(2).view(1, 2, 1).expand(targets.shape) > 0


class MetricOfAll(Selective):
    """Breaks one thing."""

    def metric(self, outputs, targets):
        return (outputs.argmax(-1) != 3).flatten(1).float().mean(1)


class MaskOfSteps(Selective):
    """Breaks one thing."""

    def counted(self, targets):
        return super().counted(targets)[:, :, 0]


def test_a_task_whose_steps_count_or_not_keeps_the_contract_and_scores_those_that_do():
    assert first_fault(Selective, CHECKS) is None
    check_task(Selective)
    targets = torch.tensor([[[1, 2], [IGNORED, 3], [4, IGNORED]]])
    outputs = F.one_hot(torch.tensor([[[1, 2], [0, 0], [5, 7]]]), 8).float()
    assert Selective().metric(outputs, targets).tolist() == [0.5], "one of two steps in each sequence"
    losses = F.cross_entropy(outputs.flatten(0, 2), targets.flatten(), reduction="none")
    assert Selective().loss(outputs, targets).item() == pytest.approx(losses.sum().item() / 6)


BROKEN = {
    MaskedMean: "loss of a member is not the mean of its sequences' own",
    WorstStep: "loss is not additive over time: .* first 1 and the last 9; divide by all steps",
    NothingCounts: "in some sequences, none of the scored steps counts",
    DeafToItsMask: "loss depends on outputs at steps that do not count",
    MetricOfAll: "metric depends on outputs at steps that do not count",
    MaskOfSteps: r"counted gives \(3, 10\), not a bool for each",
    Broadcasts: "loss of a member depends on other members: .* are not broadcast",
    BroadcastsWithin: "loss of a member is not the mean of its sequences' own: .* are not broadcast",
    RootOfMean: "metric of a member is not the mean of its sequences' own: take the mean",
    Unwritten: "it does not define trivial_level",
    Configured: "takes arguments",
    NoInputs: "its inputs is None",
    InputsAlone: "does not give a Batch",
    NoLevel: "the trivial level nan is not a finite number",
    Untitled: "attribute title",
    NamedWithComma: "the name 'adding,more'",
    Undocumented: "no docstring",
    TrivialSolves: "trivial level .* counts as solved",
    NanSolves: "not-a-number",
    NothingSolves: "exactly solved_at",
    PlateauBelowTrivial: "plateau 'nothing known'",
    WrongLevel: "best constant answer reaches 0.17",
    WrongBest: "the right answer reaches 0, but best_level says 0.001",
    WrongLength: r"inputs are \(2, 5, 2\) at lag 2, split train",
    BatchFirst: r"targets are \(5, 1\)",
    DoublePrecision: "inputs are torch.float64",
    InfiniteInTest: "not finite at lag 2, split test",
    ClassOutOfRange: "outside 0 to 6",
    TooFewSymbols: "symbols are 4 words for 10 inputs",
    SmallIntegers: "targets are torch.int32",
    DrawsFromNumpy: "global random state",
    DrawsFromEntropy: "generators with equal seeds",
    AlwaysTheSame: "differently seeded",
    SeedOnly: "second draw",
    AnyLag: "no BenchError below the least lag",
    NegativeLag: "least_lag is -1",
    PooledLoss: "not one number per member",
    EntangledLoss: "depends on other members",
    SummedLoss: "take the mean",
    NanLoss: "loss is not finite",
    StuckLoss: "gradient",
    WrongAnswers: "right answer",
}


LATE = {
    NamedWithComma, Undocumented, TrivialSolves, NanSolves, NothingSolves, PlateauBelowTrivial, WrongLevel, WrongBest,
    AlwaysTheSame, SeedOnly, AnyLag, WrongAnswers,
}  # fmt: skip
"""What only the contract's test sees: the others are told before anything trains."""


@pytest.mark.parametrize("broken", BROKEN, ids=lambda c: c.__name__)
def test_what_would_train_wrongly_is_told_before_anything_trains(broken: type[Task]):
    fault = first_fault(broken, CHECKS)
    assert (fault is None) == (broken in LATE)
    assert fault is None or re.search(BROKEN[broken], fault.sentence)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda c: c.__name__)
def test_a_broken_task_is_told_what_is_wrong(broken: type[Task]):
    with pytest.raises(AssertionError, match=f"^{broken.__name__}: .*{BROKEN[broken]}"):
        check_task(broken)


class TestClassification:
    """Loss and metric that tasks inherit, by worked example: one member, one step, two sequences."""

    targets = torch.tensor([[[2, 0]]])

    def test_even_answers_cost_the_logarithm_of_the_classes(self):
        assert Copy().loss(torch.zeros(1, 1, 2, 8), self.targets).item() == pytest.approx(math.log(8))

    def test_loss_is_the_mean_of_each_member(self):
        outputs = torch.zeros(2, 1, 2, 3)
        outputs[1, 0, 0, 2] = outputs[1, 0, 1, 0] = 50.0
        losses = Copy().loss(outputs, self.targets.expand(2, 1, 2))
        assert losses.tolist() == pytest.approx([math.log(3), 0.0])

    def test_metric_is_the_share_of_right_classes(self):
        outputs = torch.zeros(1, 1, 2, 3)
        outputs[0, 0, :, 2] = 1.0
        assert Copy().metric(outputs, self.targets).tolist() == [0.5]


def test_solved_at_the_threshold_on_the_right_side_and_never_without_a_number():
    assert [Adding().solved(m) for m in (0.009, 0.01, 0.011, math.nan)] == [True, True, False, False]
    assert [Copy().solved(m) for m in (0.98, 0.99, 1.0, math.nan)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("task", "metric", "within"),
    [
        (Adding, 0.08, True),  # of 32 sequences: with no error in the other 224 the mean is 0.01
        (Adding, 0.0801, False),
        (Adding, 0.001, True),
        (Copy, 0.92, True),  # the other 224 right: 0.99
        (Copy, 0.9199, False),
        (Copy, 1.0, True),
        (Copy, math.nan, False),
    ],
)
def test_within_reach_while_right_answers_to_all_others_would_solve(task, metric, within):
    assert task().within_reach(metric, 1 / 8) is within


def test_a_lag_that_is_too_short_is_named_with_the_least():
    with pytest.raises(BenchError, match="Lag 9 is too short for task 'temporal-order': its least lag is 10"):
        tasks.get("temporal-order")().check_lag(9)
