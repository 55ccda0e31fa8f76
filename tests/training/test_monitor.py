"""The rules of outcomes by worked examples, on a technique whose held-out metrics are scripted."""

import pytest
import pytorch_lightning as pl
import torch
from made_up.cohorts import cohort

from bench.tasks import tasks
from bench.techniques.tanh import Tanh
from bench.testing.made_up import RULES
from bench.training.monitor import Monitor

NAN = float("nan")
SCRIPTED = RULES.model_copy(update={"updates": 400, "evaluate_every": 100})
"""The protocol that scripts are for."""
ONE_SEQUENCE = torch.zeros(1, 1, 1, 1), torch.zeros(1, 1, 1)


class Scripted(Tanh):
    """Evaluates to what its script says: one list of held-out metrics a member."""

    def __init__(self, scripts):
        pl.LightningModule.__init__(self)
        self.scripts, self.kept, self.turn = torch.tensor(scripts), torch.arange(len(scripts)), 0

    def evaluate(self, inputs, targets, members=None):
        now = self.scripts[self.kept, self.turn]
        self.turn += 1
        return now, now

    def keep(self, members):
        self.kept = self.kept[members]


class Stop:
    """Stands in for the Trainer: has nothing but the flag."""

    should_stop = False


def follow(scripts, losses=None, module=None, sequences=ONE_SEQUENCE, confirmation=None, what=None):
    """Run the monitor over blocks of 100 updates of a budget of 400; returns it and the trainer."""
    module = module or Scripted(scripts)
    what = what or cohort(seeds=len(module.kept), rules=SCRIPTED)
    monitor, trainer = Monitor(what, tasks.get("adding")(), sequences, confirmation=confirmation), Stop()
    monitor.on_train_start(trainer, module)
    for block in range(4):
        members = len(monitor.active)
        values = torch.ones(100, members)
        for index, update in (losses or {}).items():
            if index in monitor.active and block == update // 100:
                values[update % 100 :, monitor.active.index(index)] = NAN
        outputs = {"losses": values, "norms": values * 2, "clipped": torch.zeros(100, members)}
        monitor.on_train_batch_end(trainer, module, outputs, None, block)
        if trainer.should_stop:
            break
    return monitor, trainer


class OnSequences(Scripted):
    """Evaluates to the mean of its script's errors on the sequences it is shown: inputs hold their places."""

    def __init__(self, scripts):
        super().__init__(scripts)
        self.shown = [0] * len(scripts)

    def evaluate(self, inputs, targets, members=None):
        if int(inputs[0, 0, 0, 0]) == 0:
            self.turn += 1
        kept = self.kept if members is None else self.kept[members]
        places = inputs[0, 0, :, 0].long()
        for member in kept.tolist():
            self.shown[member] += len(places)
        errors = self.scripts[kept, self.turn - 1][:, places].mean(1)
        return errors, 2 * errors


def test_a_first_look_changes_neither_what_counts_as_solved_nor_where_members_end():
    """Against the means over all sequences, where an eighth of them is often far from the whole."""
    drawn = torch.Generator().manual_seed(3)
    scale = torch.tensor([0.2, 0.03, 0.01, 0.004])[torch.randint(4, (200, 5), generator=drawn)]
    errors = scale.unsqueeze(2) * torch.randn(200, 5, 256, generator=drawn).square()
    errors[:, :, :32] *= torch.tensor([0.1, 1.0, 7.0])[torch.randint(3, (200, 5, 1), generator=drawn)]
    exact, _ = follow((2 * errors.mean(2)).tolist())
    numbers = torch.arange(256.0).view(1, 1, 256, 1)
    module = OnSequences(errors.tolist())
    looked, _ = follow(None, module=module, sequences=(numbers, torch.zeros(1, 1, 256)))
    for member, (a, b) in enumerate(zip(exact.traces, looked.traces, strict=True)):
        assert (a.outcome, a.updates) == (b.outcome, b.updates)
        assert b.metric == pytest.approx(a.metric, rel=1e-4)
        assert b.loss == pytest.approx(a.metric / 2, rel=1e-4)
        assert b.curve[0]["metric"] == pytest.approx(a.curve[0]["metric"], rel=1e-4)
        at_least = 2 * errors[member, :, :32].sum(1) / 256
        looks = [256 if k in (0, 4) or at_least[k] <= 0.01 else 32 for k in range(len(b.curve))]
        assert module.shown[member] == sum(looks)
    assert {t.outcome for t in looked.traces} == {"solved", "unsolved"}
    assert sum(module.shown) < 0.9 * 256 * sum(len(t.curve) for t in looked.traces)


@pytest.mark.parametrize(
    ("metrics", "outcome", "updates"),
    [
        ([0.2, 0.009, 0.008, 0.2, 0.2], "solved", 100),  # the first of two in a row counts
        ([0.2, 0.009, 0.02, 0.009, 0.009], "solved", 300),  # a lucky one does not
        ([0.2, 0.2, 0.2, 0.2, 0.001], "unsolved", 400),  # unconfirmed at the budget's end
        ([0.2, 0.009, 0.02, 0.009, 0.02], "unsolved", 400),
        ([0.2, 0.2, NAN, 0.2, 0.2], "diverged", 200),
        ([0.001, 0.001, 0.2, 0.2, 0.2], "solved", 0),
    ],
)
def test_outcomes(metrics, outcome, updates):
    monitor, _ = follow([metrics])
    (trace,) = monitor.traces
    assert (trace.outcome, trace.updates) == (outcome, updates)


class Never:
    """A confirmation that no member passes before update 300."""

    def __init__(self):
        self.asked = []

    def passes(self, module, column, seed, update):
        self.asked.append((seed, update))
        return update >= 300


def test_what_fresh_sequences_do_not_confirm_goes_on():
    module = Scripted([[0.2, 0.009, 0.008, 0.007, 0.006]])
    never = Never()
    monitor, _ = follow(None, module=module, confirmation=never)
    (trace,) = monitor.traces
    assert never.asked == [(1, 200), (1, 400)], "after two evaluations in a row, and two further ones"
    assert (trace.outcome, trace.updates) == ("solved", 300)


def test_a_training_loss_that_is_not_finite_ends_its_member_at_that_update():
    monitor, _ = follow([[0.2] * 5, [0.2] * 5], losses={1: 157})
    assert [(t.outcome, t.updates) for t in monitor.traces] == [("unsolved", 400), ("diverged", 158)]


def test_finished_members_leave_and_the_rest_goes_on():
    solved, slow = [0.2, 0.001, 0.001, 9, 9], [0.3, 0.3, 0.3, 0.002, 0.003]
    monitor, trainer = follow([slow, solved, [0.2] * 5])
    assert [(t.outcome, t.updates) for t in monitor.traces] == [
        ("solved", 300),
        ("solved", 100),
        ("unsolved", 400),
    ]
    assert [len(t.curve) for t in monitor.traces] == [5, 3, 5]
    assert [t.metric for t in monitor.traces] == pytest.approx([0.003, 0.001, 0.2])
    assert trainer.should_stop


def test_training_ends_with_the_last_member():
    monitor, trainer = follow([[0.2, 0.001, 0.001, 9, 9]])
    assert trainer.should_stop
    assert monitor.done == 200


def test_curves_hold_what_happened_since_the_evaluation_before():
    monitor, _ = follow([[0.2] * 5])
    points = monitor.traces[0].curve
    assert [p["update"] for p in points] == [0, 100, 200, 300, 400]
    assert "train_loss" not in points[0]
    assert points[1]["train_loss"] == 1.0
    assert points[1]["gradient_norm"] == points[1]["gradient_peak"] == 2.0


def test_where_rates_race_the_first_to_solve_ends_the_others_of_its_seed():
    """Two seeds at two rates: seed 1 is solved at the second rate; nobody's end is another seed's."""
    good, bad = 0.0, 1.0
    scripts = [[bad] * 5, [bad, good, good, good, good], [bad] * 5, [bad] * 5]
    what = cohort(seeds=4)
    racing = SCRIPTED.model_copy(update={"tuning": "own", "tuning_seeds": 1})
    members = tuple(m.model_copy(update={"seed": 1 + i // 2}) for i, m in enumerate(what.members))
    setting = what.setting.model_copy(update={"protocol": racing})
    for role, ends in (
        ("tuning", [("unsolved", 200), ("solved", 100), ("unsolved", 400), ("unsolved", 400)]),
        ("measured", [("unsolved", 400), ("solved", 100), ("unsolved", 400), ("unsolved", 400)]),
    ):
        whole = what.model_copy(update={"setting": setting, "members": members, "role": role})
        monitor, _ = follow(None, module=Scripted(scripts), what=whole)
        assert [(trace.outcome, trace.updates) for trace in monitor.traces] == ends
