"""Selective copying and associative recall, by reading their sequences aloud."""

import pytest
import torch

from bench.tasks.base import IGNORED
from bench.tasks.recall import BLANK as NOTHING
from bench.tasks.recall import KEYS, PAIRS, Recall
from bench.tasks.selective_copy import SelectiveCopy
from bench.tasks.selective_copy_8 import SelectiveCopy8
from bench.tasks.selective_copying import ASK, BLANK


@pytest.mark.parametrize("task", [SelectiveCopy(), SelectiveCopy8()])
@pytest.mark.parametrize("lag", [8, 30])
def test_what_is_no_blank_is_recalled_in_its_order(generator, task, lag):
    inputs, targets = task.sample(generator, 40, lag)
    for sequence, answers in zip(inputs.argmax(-1).T.tolist(), targets.T.tolist(), strict=True):
        assert [symbol for symbol in sequence[:lag] if symbol != BLANK] == answers
        assert sequence[lag:] == [ASK] * task.shown


def test_symbols_stand_at_any_place_equally_often(generator):
    inputs, _ = SelectiveCopy().sample(generator, 20_000, 10)
    shares = (inputs[:10].argmax(-1) != BLANK).float().mean(1)
    assert shares.tolist() == pytest.approx([0.4] * 10, abs=0.02)


@pytest.mark.parametrize("lag", [24, 40])
def test_a_key_is_answered_by_the_value_that_stood_beside_it(generator, lag):
    inputs, targets = Recall().sample(generator, 60, lag)
    for sequence, answers in zip(inputs.argmax(-1).T.tolist(), targets.T.tolist(), strict=True):
        pairs = dict(zip(sequence[: 2 * PAIRS : 2], sequence[1 : 2 * PAIRS : 2], strict=True))
        assert len(pairs) == PAIRS
        assert all(key < KEYS <= value < NOTHING for key, value in pairs.items())
        asked = sequence[2 * PAIRS :]
        assert sorted(key for key in asked if key != NOTHING) == sorted(pairs)
        assert answers == [IGNORED if key == NOTHING else pairs[key] - KEYS for key in asked]


def test_queries_come_in_any_order(generator):
    """The first pair's key is asked first as often as any other."""
    inputs, _ = Recall().sample(generator, 8_000, 24)
    symbols = inputs.argmax(-1)
    first = (symbols[16] == symbols[0]).float().mean().item()
    assert first == pytest.approx(1 / PAIRS, abs=0.015)
    assert torch.equal(symbols[16:].sort(0).values, symbols[0:16:2].sort(0).values)
