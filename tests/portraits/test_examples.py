"""Examples of tasks: what is shown is what the task draws, and what is marked as the answer is right."""

from __future__ import annotations

import pytest

from bench.portraits.examples import LEAST_STEPS, SERIES_STEPS, example, short_lag
from bench.portraits.model import TaskPortrait
from bench.tasks import Task, tasks
from bench.tasks.installed import NeedsPackages
from bench.tasks.s5 import products_of_two


def shown(name: str) -> TaskPortrait:
    return example(tasks.get(name)())


def installed(cls: type[Task]) -> bool:
    return not (issubclass(cls, NeedsPackages) and cls.missing())


EVERY = [name for name, cls in tasks.all().items() if installed(cls)]


@pytest.mark.parametrize("name", EVERY)
def test_every_task_has_an_example_with_an_answer(name: str) -> None:
    task, found = tasks.get(name)(), shown(name)
    assert found.steps == task.steps(found.lag) >= LEAST_STEPS
    assert len(found.answers) == task.scored_steps(found.lag)
    assert found.last_answer is not None
    assert bool(found.symbols) != bool(found.inputs)
    assert len(found.symbols) in (0, found.steps)
    assert {len(values) for values in found.inputs} <= {found.steps}
    assert found == shown(name), "the same one every time"


def test_what_is_recalled_is_what_was_shown() -> None:
    copied = shown("copy")
    assert copied.answers == copied.symbols[:10]
    assert copied.symbols[10:] == ("·",) * (copied.lag - 1) + ("!",) + ("·",) * 10
    delayed = shown("delayed-recall")
    assert delayed.answers == delayed.symbols[: -delayed.lag]
    for name in ("selective-copy", "selective-copy-8"):
        found = shown(name)
        assert found.answers == tuple(symbol for symbol in found.symbols if symbol not in "·!")


def test_pairs_are_recalled_by_their_keys() -> None:
    found = shown("recall")
    pairs = dict(zip(found.symbols[:16:2], found.symbols[1:16:2], strict=True))
    asked = found.symbols[16:]
    assert found.answers == tuple(pairs.get(key) for key in asked)
    assert "·" in asked


def test_the_sum_is_that_of_the_marked_numbers() -> None:
    found = shown("adding")
    values, marks = found.inputs
    assert sum(marks) == 2
    total = sum(value for value, mark in zip(values, marks, strict=True) if mark)
    assert found.answers == (pytest.approx(total, abs=2e-3),)


@pytest.mark.parametrize("name", ["temporal-order", "temporal-order-3"])
def test_the_order_is_that_of_the_symbols(name: str) -> None:
    found = shown(name)
    assert found.answers == ("".join(symbol for symbol in found.symbols if symbol in "XY"),)


def test_states_that_are_tracked() -> None:
    parity = shown("parity")
    ones = [parity.symbols[: step + 1].count("1") % 2 for step in range(parity.steps)]
    assert parity.answers == tuple(map(str, ones))
    flips, last = shown("flip-flop"), None
    for symbol, answer in zip(flips.symbols, flips.answers, strict=True):
        last = symbol[1] if symbol[0] == "w" else last
        assert answer == (last if symbol == "?" else None)
    words, so_far = shown("s5"), None
    for symbol, answer in zip(words.symbols, words.answers, strict=True):
        so_far = int(symbol) if so_far is None else int(products_of_two()[so_far, int(symbol)])
        assert answer == str(so_far)


def test_the_last_two_of_a_counted_string_are_scored() -> None:
    found = shown("counting")
    places = [step for step, symbol in enumerate(found.symbols) if symbol == "b"]
    assert {step: a for step, a in enumerate(found.answers) if a is not None} == {places[-2]: "+", places[-1]: "."}


def test_text_is_answered_by_itself_one_character_later() -> None:
    found = shown("text")
    assert found.answers[:-1] == found.symbols[found.first_scored + 1 :]


@pytest.mark.parametrize("name", ["digits", "digits-permuted"])
def test_pixels_make_a_square_image_with_blanks_behind_it(name: str) -> None:
    found = shown(name)
    assert found.side == 8
    assert set(found.inputs[0][64:]) == {0.0}
    assert max(found.inputs[0][:64]) == 1.0


def test_a_series_is_long_enough_to_see_its_shape() -> None:
    for name in ("co2", "fitzhugh-nagumo"):
        assert short_lag(tasks.get(name)()) == SERIES_STEPS
    found = shown("fitzhugh-nagumo")
    assert found.answers[:-1] == found.inputs[0][1:], "the voltage one step ahead"


@pytest.mark.parametrize("name", EVERY)
def test_words_of_symbols_and_answers_are_told_apart(name: str) -> None:
    cls = tasks.get(name)
    for words in (cls.symbols.split(), cls.answers.split()):
        assert len(set(words)) == len(words)
