"""Claims without an effect: nothing was run, or what was run had no chance to differ."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest
from pydantic import ValidationError

from bench.evidence import wording
from bench.evidence.assess import shown
from bench.evidence.claims import find_claim
from bench.evidence.claims.model import Part
from bench.evidence.verdicts import PartVerdict, judge, judge_families
from bench.languages import language
from bench.testing.made_up import CELLS, RULES, SmallStore, World, curve, member, setting, study

SEEDS = 20
ENGLISH = language("en")


def trained(
    solving: Mapping[tuple[str, str], bool],
    arm: str = "main",
    rates: tuple[float, ...] = (0.01, 0.001),
    **fields: object,
) -> SmallStore:
    """A store in which techniques solve tasks with all seeds, or with none, by (technique, task)."""
    rules = RULES.model_copy(update={"learning_rates": rates, **fields})
    settings = {key: setting(key[0], 20, task=key[1], rules=rules) for key in solving}
    rows = [
        member(settings[key], seed, "solved" if solves else "unsolved", 50)
        for key, solves in solving.items()
        for seed in range(1, SEEDS + 1)
    ]
    return SmallStore(rows, [study(*settings.values(), seeds=SEEDS, arm=arm)])


def parts(store: SmallStore, claim: str) -> dict[str, PartVerdict]:
    every = [found for verdicts in judge_families(store).values() for found in verdicts]
    return {part.part: part for found in every if found.claim == claim for part in found.parts}


def test_what_nobody_solves_cannot_tell_though_other_tasks_are_solved() -> None:
    """E05 asks of adding alone: that both solve another task is no result there."""
    store = trained(
        {
            ("tanh", "adding"): False,
            ("orthogonal", "adding"): False,
            ("tanh", "copy"): True,
            ("orthogonal", "copy"): True,
        }
    )
    adding = parts(store, "E05")["adding"]
    assert adding.verdict == "cannot tell"
    assert adding.reason.key == "unsolved"
    assert not adding.estimated


def test_a_task_that_was_not_run_is_named() -> None:
    store = trained({("tanh", "copy"): True, ("orthogonal", "copy"): True})
    adding = parts(store, "E05")["adding"]
    assert adding.verdict == "not run"
    assert wording.reason(adding, ENGLISH) == "No such task has been run here: adding."


def test_where_hardly_any_run_explodes_prevention_cannot_be_told() -> None:
    names = ("tanh", "clip-norm", "clip-value:threshold=0.1")
    store = trained({(name, "temporal-order"): False for name in names}, arm="exploding")
    store.curve_rows = [point for row in store.rows for point in curve(row, 0.5, (0.5, 0.5), (0.6, 0.6))]
    (verdict,) = [found for found in judge(store) if found.claim == "S15"]
    assert {part.verdict for part in verdict.parts if part.kind == "exploded"} == {"cannot tell"}
    assert verdict.verdict == "cannot tell"
    assert "Cannot tell: by norm and by value" in wording.reason(verdict, ENGLISH)


@pytest.mark.parametrize(("rates", "said"), [((0.3,), True), ((0.3, 0.1), False)])
def test_a_learning_rate_that_was_given_is_named(rates: tuple[float, ...], said: bool) -> None:
    store = trained({("tanh", "adding"): False, ("gru", "adding"): True, ("lstm", "adding"): True}, rates=rates)
    (verdict,) = [found for found in judge(store) if found.claim == "S04"]
    assert ("learning rate 0.3, which was given and not tuned" in wording.reason(verdict, ENGLISH)) is said


def test_rates_that_tuning_made_different_are_told_beside_what_they_may_explain() -> None:
    made = World()
    for name, rates in {"tanh": (0.01, 0.01), "clip-norm": (0.003, 0.01)}.items():
        for (task, lag), rate in zip(CELLS[:2], rates, strict=True):
            for row in made.train(name, 5, "main", lag, task, learning_rate=rate):
                made.store.curve_rows += curve(row, 1.0, (0.5, 0.6 + 0.01 * row["seed"]), (0.6, 0.6))
    found = {verdict.claim: verdict for verdict in judge(made.finish())}
    steadier, learning = found["S17"], found["S16"]
    assert next(part.unlike for part in steadier.parts if part.part == "main") == (1, 0, 2)
    said = "Tuned learning rates differ, too: smaller for clipping by norm than for tanh in 1 of 2 settings"
    assert said in wording.reason(steadier, ENGLISH)
    assert "按范数裁剪的小于 tanh 的" in wording.reason(steadier, language("zh"))
    assert next(part.unlike for part in learning.parts if part.part == "score") is None, "each has its best rate"


@pytest.mark.parametrize("match", ["parameters", "state", "flops"])
def test_what_was_matched_cannot_tell_what_a_technique_costs(match: str) -> None:
    store = trained({("gru", "adding"): True, ("lstm", "adding"): True}, match=match)
    found = parts(store, "S08")
    assert {name for name in ("parameters", "state", "flops") if found[name].reason.key == "matched"} == {match}
    assert found[match].verdict == "cannot tell"


def test_an_interval_without_an_end_has_none() -> None:
    assert shown((0.0, -math.inf, 800.0), True) == (1.0, 0.0, math.inf)
    assert shown((2.0, 1.0, 3.0), False) == (2.0, 1.0, 3.0)


def test_undecided_parts_say_how_many_seeds_they_need() -> None:
    solving = {("tanh", "adding"): False, ("gru", "adding"): True, ("lstm", "adding"): True}
    (found,) = [verdict for verdict in judge(trained(solving)) if verdict.claim == "S06"]
    open_parts = [replace(part, verdict="undecided", needed_n=41) for part in found.parts]
    text = wording.reason(replace(found, parts=tuple(open_parts[:1])), ENGLISH)
    assert text == "Undecided: gradient (LSTM) (about 41 seeds needed)."


def test_a_margin_has_to_be_smaller_than_a_difference_can_be() -> None:
    asked = find_claim("S06").parts[2].model_dump()
    with pytest.raises(ValidationError, match="the margin 2 is as large as any difference can be"):
        Part.model_validate({**asked, "margin": 2})
