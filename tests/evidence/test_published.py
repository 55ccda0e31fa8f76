"""Published results: their files, what is run for them, and when ours agrees."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from bench.cli.published import studies_of
from bench.errors import BenchError
from bench.evidence.published import (
    Number,
    Published,
    Statement,
    find_result,
    is_published,
    published_results,
    wording,
)
from bench.evidence.published.compare import Compared, compare
from bench.evidence.scope import Reading
from bench.languages import language
from bench.protocol.preset import parse_technique
from bench.records.settings import MOST_STEPS
from bench.testing.made_up import RULES, SmallStore, curve, member, setting, study

ENGLISH = language("en")


@pytest.mark.parametrize("result", published_results(), ids=lambda result: result.id)
def test_a_published_result_can_be_run(result: Published) -> None:
    """Its techniques are spelt as results spell them, and none of its settings is declined."""
    studies = studies_of(result)
    assert [study.arm for study in studies] == [result.arm(block) for block in result.ours]
    assert all(map(is_published, (study.arm for study in studies)))
    for block, one in zip(result.ours, studies, strict=True):
        assert not one.skips
        assert [parse_technique(name)[0] for name in block.techniques] == list(block.techniques)
        assert len(one.settings) == len(block.techniques) * len(block.lags)
    assert result.minutes <= 30


def test_ids_are_in_order_and_found_however_they_are_spelt() -> None:
    ids = [result.id for result in published_results()]
    assert ids == [f"R{number}" for number in range(1, len(ids) + 1)]
    assert len(ids) >= 20
    assert find_result("r4").id == "R4"
    with pytest.raises(BenchError, match="Unknown published result 'R444': did you mean R4"):
        find_result("R444")


# Made up


def made(**fields: Any) -> Published:
    block = {"techniques": ["lstm", "tanh"], "task": "adding", "lags": [20], "protocol": {}}
    plain: dict[str, Any] = {"id": "R1", "title": "t", "source": "s", "protocol": "p", "deviations": "d", "minutes": 1}
    return Published.model_validate(plain | {"ours": [block]} | fields)


def ran(result: Published, updates: list[int], metrics: list[float]) -> Compared:
    """The result beside a store in which LSTM solves after so many updates (0: never) and tanh ends at these errors."""
    rules = RULES.model_copy(update={"evaluate_every": 10, "updates": 100})
    settings = {name: setting(name, 20, rules=rules) for name in ("lstm", "tanh")}
    rows = [
        member(settings["lstm"], seed, "solved" if count else "unsolved", count or 100)
        for seed, count in enumerate(updates, 1)
    ]
    levels = {"trivial_level": 0.16, "solved_at": 0.01}
    tanh = [member(settings["tanh"], seed, "unsolved", 100, **levels) for seed in range(1, len(metrics) + 1)]
    store = SmallStore(rows + tanh, [study(*settings.values(), seeds=len(updates), arm=result.arm(result.ours[0]))])
    store.curve_rows = [
        point for row, metric in zip(tanh, metrics, strict=True) for point in curve(row, 1.0, (0.5, metric), (0.5, 0.5))
    ]
    return compare(result, Reading(store).arms)


def test_a_number_agrees_within_its_factor() -> None:
    asked = {"technique": "lstm", "measured": "updates", "reported": 30, "factor": 2}
    found = ran(made(numbers=[asked]), [40, 50, 60, 40, 50, 60, 50], [0.1])
    (outcome,) = found.outcomes
    assert (outcome.ours, outcome.n, outcome.agrees) == (50, 7, True)
    assert outcome.interval == (40, 60)
    assert found.verdict == "reproduced"
    assert not ran(made(numbers=[asked | {"factor": 1.5}]), [40, 50, 60], [0.1]).outcomes[0].agrees


@pytest.mark.parametrize("updates", [[0, 0, 0, 50], [0, 0, 50, 50]])
def test_runs_that_never_solve_are_later_than_any(updates: list[int]) -> None:
    """With half of the runs, the median lies between an update and never, which is never."""
    asked = {"technique": "lstm", "measured": "updates", "reported": 50, "factor": 2}
    (outcome,) = ran(made(numbers=[asked]), updates, [0.1]).outcomes
    assert math.isinf(outcome.ours)
    assert not outcome.agrees
    assert wording.ours(outcome, ENGLISH).startswith("∞")


def test_metrics_are_read_at_the_end_at_an_update_and_at_a_level() -> None:
    asked = [
        {"technique": "tanh", "measured": "metric", "reported": 0.2, "within": 0.05},
        {"technique": "tanh", "measured": "metric", "at": 10, "reported": 0.5, "within": 0.01},
        {"technique": "tanh", "measured": "loss", "at": 10, "reported": 0.5, "within": 0.01},
        {"technique": "tanh", "measured": "updates", "level": 0.3, "reported": 20, "factor": 1.1},
        {"technique": "lstm", "measured": "solved", "reported": 1.0, "within": 0.3},
    ]
    found = ran(made(numbers=asked), [50, 50, 0, 50], [0.2, 0.21, 0.19])
    assert [outcome.ours for outcome in found.outcomes] == [0.2, 0.5, 0.5, 20, 0.75]
    assert all(outcome.agrees for outcome in found.outcomes)
    assert wording.ours(found.outcomes[-1], ENGLISH) == "3/4"


@pytest.mark.parametrize(
    ("statement", "holds"),
    [
        ({"solves": "lstm"}, True),
        ({"fails": "lstm"}, False),
        ({"fails": "tanh"}, True),
        ({"faster": ["lstm", "tanh"]}, True),
        ({"faster": ["tanh", "lstm"]}, False),
        ({"better": ["tanh", "tanh"]}, False),
    ],
)
def test_the_shape_is_who_solves_sooner_or_better(statement: dict[str, Any], holds: bool) -> None:
    found = ran(made(shape=[statement]), [50, 50, 0], [0.2, 0.2, 0.2])
    assert [held for _, held in found.shape] == [holds]
    assert found.verdict == ("reproduced" if holds else "not reproduced")


def test_one_of_two_is_in_part_and_what_lacks_runs_is_not_run() -> None:
    asked = {"technique": "lstm", "measured": "updates", "reported": 3, "factor": 2}
    assert ran(made(numbers=[asked], shape=[{"solves": "lstm"}]), [50] * 3, [0.2]).verdict == "in part"
    assert compare(made(numbers=[asked]), {}).verdict == "not run"
    assert compare(made(shape=[{"solves": "lstm"}]), {}).verdict == "not run"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "give numbers or a shape"),
        ({"shape": [{"solves": "gru"}]}, "gru is not run"),
        ({"shape": [{"solves": "lstm", "lag": 30}]}, "name one of the lags 20 for lstm"),
        ({"shape": [{"solves": "lstm", "fails": "tanh"}]}, "give one of solves, fails, faster and better"),
        ({"numbers": [{"technique": "lstm", "measured": "solved", "reported": 1}]}, "give a tolerance"),
        ({"numbers": [{"technique": "lstm", "measured": "solved", "at": 3, "reported": 1, "within": 1}]}, "only a met"),
    ],
)  # fmt: skip
def test_a_file_with_a_fault_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        made(**fields)


def test_a_protocol_that_does_not_exist_is_told() -> None:
    block = {"techniques": ["lstm"], "task": "adding", "lags": [20], "protocol": {"updates": MOST_STEPS + 1}}
    with pytest.raises(BenchError, match="R1: updates: "):
        studies_of(made(ours=[block], shape=[{"solves": "lstm"}]))


def test_words_say_what_was_asked() -> None:
    asked = Number(technique="lstm", lag=50, measured="updates", level=0.95, reported=200, factor=2)
    assert wording.number(asked, ENGLISH) == "updates until the metric is 0.95, lstm, lag 50"
    assert wording.tolerance(asked, ENGLISH) == "within a factor of 2"
    assert wording.statement(Statement(faster=("lem", "lstm")), ENGLISH) == "lem before lstm"
