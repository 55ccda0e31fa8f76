"""What is trained, evaluated and probed in parts, to keep a budget, is what it would be whole."""

import pandas as pd
import pytest
import torch

from bench.protocol.preset import Selectors, load_preset, resolve
from bench.tasks import tasks
from bench.techniques import Technique, techniques
from bench.testing.made_up import RULES
from bench.training import data
from bench.training.cohort import build, train_cohort
from bench.training.cost import one_member, peak_bytes
from bench.training.data import BlockStream, held_out
from bench.training.flow import Probe

LAG, MEMBERS = 20, 3
FAR = 150


def cohort(technique, **choices):
    words = {"tasks": ("adding",), "lags": (LAG,), "seeds": MEMBERS, "learning_rates": (0.01,), "updates": 6}
    study = resolve(load_preset("smoke"), Selectors(techniques=(technique,), **words | choices))
    return study.measured_cohort(study.settings[0], 0.01)


def assert_same_tables(first, second):
    """Rows may come in another order, and numbers differ by rounding."""
    keys = [c for c in ("seed", "update", "quantity", "layer", "step") if c in first]
    first, second = (table.sort_values(keys, ignore_index=True) for table in (first, second))
    pd.testing.assert_frame_equal(first, second, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("technique", sorted(techniques.all()))
def test_evaluation_in_parts_is_that_of_the_whole(technique):
    what = cohort(technique)
    task, module = tasks.get("adding")(), build(what.setting, what.members)
    sequences = held_out(task, LAG, "test", 10, [m.seed for m in what.members])
    whole = torch.stack(module.evaluate(*sequences))
    parameters = [p.data_ptr() for p in module.parameters()]
    for sequences_at_once in (20, 10, 4, 1, 0.1):
        module.budget = sequences_at_once * module.bytes_each(LAG, torch.float32)
        torch.testing.assert_close(torch.stack(module.evaluate(*sequences)), whole, rtol=1e-5, atol=1e-6)
    assert [p.data_ptr() for p in module.parameters()] == parameters


@pytest.mark.parametrize("technique", ["tanh", "lstm", "tbptt:window=5", "transformer", "clip-norm"])
def test_a_cohort_within_a_small_budget_has_the_same_tables(technique, monkeypatch):
    what = cohort(technique)
    whole = train_cohort(what)
    one = build(what.setting, what.members).bytes_each(LAG, torch.float32)
    monkeypatch.setattr(Technique, "budget", one * what.setting.protocol.batch_size)
    bytes_an_update = MEMBERS * LAG * what.setting.protocol.batch_size * 2 * 4
    monkeypatch.setattr(data, "BLOCK_BYTES", 2 * bytes_an_update)  # of the three between evaluations
    in_parts = train_cohort(what)
    assert in_parts.members[["outcome", "updates"]].equals(whole.members[["outcome", "updates"]])
    for table in ("curves", "probes", "gradients"):
        assert_same_tables(getattr(whole, table), getattr(in_parts, table))


def test_members_probed_in_turns_have_the_profiles_of_all():
    what = cohort("lstm")
    module, task = build(what.setting, what.members), tasks.get("adding")()
    inputs, targets = task.sample(torch.Generator().manual_seed(1), 2, LAG)
    whole = Probe(module, [0, 1, 2], inputs, targets)
    for column in range(MEMBERS):
        one = Probe(module, [column], inputs, targets)
        for key, profile in one.profiles.items():
            torch.testing.assert_close(profile[0], whole.profiles[key][column])


def test_a_probe_records_its_states_in_one_pass_however_small_the_budget(monkeypatch):
    what = cohort("gru")
    module, task = build(what.setting, what.members), tasks.get("adding")()
    inputs, targets = task.sample(torch.Generator().manual_seed(1), 2, LAG)
    whole = Probe(module, [0], inputs, targets).profiles["h", 0]
    monkeypatch.setattr(Technique, "budget", 1)
    assert torch.equal(Probe(module, [0], inputs, targets).profiles["h", 0], whole)


def test_an_interval_cut_into_blocks_has_the_same_sequences(monkeypatch):
    protocol = RULES.model_copy(update={"batch_size": 4, "updates": 10, "evaluate_every": 4})

    def stream():
        return BlockStream(tasks.get("adding")(), 9, protocol, [1, 2])

    whole = list(stream())
    monkeypatch.setattr(data, "BLOCK_BYTES", 3.5 * 2 * 9 * 4 * 2 * 4)
    cut = list(stream())
    assert [len(b.inputs) for b in cut] == [3, 1, 3, 1, 2]
    assert len(stream()) == len(cut)
    for name in ("inputs", "targets"):
        first, second = (torch.cat([getattr(b, name) for b in blocks]) for blocks in (whole, cut))
        assert torch.equal(first, second)


@pytest.mark.parametrize("technique", sorted(techniques.all()))
def test_the_formula_bounds_what_an_update_holds(technique):
    """At a length where nothing but what grows with it counts; truncation and checkpoints keep less."""
    chosen = Selectors(techniques=(technique,), tasks=("adding",), lags=(FAR,), batch_size=8, hidden_size=32)
    module, update = one_member(resolve(load_preset("smoke"), chosen).settings[0])
    formula = 8 * module.bytes_each(FAR, torch.float32)
    least = 0 if technique in ("tbptt", "checkpointing") else 0.2
    assert least < peak_bytes(update) / formula < 1.1


def test_the_budget_bounds_what_many_members_hold():
    chosen = Selectors(techniques=("gru",), tasks=("adding",), lags=(FAR,), batch_size=8, hidden_size=32)
    setting = resolve(load_preset("smoke"), chosen).settings[0]
    peaks = {}
    for at_once in (1, 2, 6):
        module, update = one_member(setting, members=6)
        module.budget = at_once * 8 * module.bytes_each(FAR, torch.float32)
        peaks[at_once] = peak_bytes(update)
        assert peaks[at_once] < 1.1 * module.budget
    assert peaks[1] < 0.25 * peaks[6]
