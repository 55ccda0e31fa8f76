"""The contract of estimands: ours keep it, and what breaks it is named."""

from __future__ import annotations

import pandas as pd
import pytest

from bench.evidence.estimands import Estimand, Example, Scale, estimands
from bench.evidence.measuring.flow import probed
from bench.evidence.measuring.runs import sized
from bench.testing import check_estimand
from bench.testing.estimands import part_of


class HalfLife(Estimand):
    """Steps in which the gradient halves."""

    name = "half-life"
    margin = 0.1
    scale = Scale.RATIO
    noun = "half-life of the gradient, steps"
    says = "steps in which the gradient halves, {technique} over {reference}{where}"

    def measure(self, scope, technique, part):
        return probed(scope, technique, part, "half_life")

    def example(self, level, seed, cell, part):
        return Example(probe={"half_life": 10.0 * 2.0**level})


@pytest.mark.parametrize("name", estimands.names())
def test_ours_keep_it(name: str) -> None:
    check_estimand(estimands.get(name))


def test_a_users_own_keeps_it_and_is_gone_again() -> None:
    check_estimand(HalfLife)
    assert "half-life" not in estimands.built_in()


def broken(**changes: object) -> type[Estimand]:
    return type("Broken", (HalfLife,), {"__doc__": "Broken.", "name": "broken", **changes})


def nothing(self, scope, technique, part):
    return pd.DataFrame()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"noun": ""}, "has no attribute noun"),
        ({"says": None}, "has no clause"),
        ({"says": "{technique} over {other}"}, r"has \{other\} as a placeholder"),
        ({"margin": 0}, "has no margin above 0"),
        ({"unit": "steps"}, "not a Unit"),
        ({"scale": "odd"}, "not one of difference, ratio, loss"),
        ({"bounds": (1.0, 0.0)}, "first is not the smaller"),
        ({"name": "Half Life"}, "lower-case letters"),
        ({"__doc__": ""}, "no docstring"),
        ({"measure": nothing}, "columns technique, task, lag, seed, value, run"),
        ({"measure": lambda self, scope, technique, part: sized(scope, technique, "state_size")}, "finds nothing"),
        ({"bounds": (0.0, 1.0)}, "outside bounds"),
        ({"example": lambda self, level, seed, cell, part: Example(probe={"half_life": 10.0})}, "further apart"),
        ({"example": lambda self, level, seed, cell, part: Example(probe={"half_life": 2.0**-level})}, "order around"),
        ({"measure": lambda self, scope, technique, part: 1 / 0}, "ZeroDivisionError"),
    ],
)
def test_what_breaks_it_is_named(changes: dict[str, object], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_estimand(broken(**changes))


def test_an_estimand_without_a_method_is_named() -> None:
    class Bare(Estimand):
        """Bare."""

        name, margin, noun, says = "bare", 0.1, "bare", "{technique}"

    with pytest.raises(AssertionError, match="lacks the method example and the method measure"):
        check_estimand(Bare)


def test_a_part_asks_as_it_can() -> None:
    assert part_of(estimands.get("score")).references == ("tanh",)
    assert part_of(estimands.get("cosine")).against == 0
    only_choice = broken(says=None, choice="best of {technique}")
    with estimands.also(only_choice):
        assert part_of(only_choice).choice
