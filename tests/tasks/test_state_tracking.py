"""Tasks that ask for a state: words of S5 and aⁿbⁿ, by following them."""

from itertools import permutations

import pytest
import torch

from bench.errors import BenchError
from bench.tasks.base import IGNORED
from bench.tasks.counting import ENDS, GOES_ON, NOTHING, A, B, Counting
from bench.tasks.noise_free import NoiseFree
from bench.tasks.s5 import S5, products_of_two

EVERY = list(permutations(range(5)))


def test_a_product_is_one_permutation_after_the_other(generator):
    inputs, targets = S5().sample(generator, 20, 15)
    for word, answers in zip(inputs.argmax(-1).T.tolist(), targets.T.tolist(), strict=True):
        stands = tuple(range(5))
        for element, answer in zip(word, answers, strict=True):
            stands = tuple(stands[place] for place in EVERY[element])
            assert EVERY[answer] == stands


def test_products_are_a_group_that_does_not_commute():
    table = products_of_two()
    every = torch.arange(120)
    assert torch.equal(table[0], every), "the identity comes first"
    assert torch.equal(table[:, 0], every)
    assert all(torch.equal(row.sort().values, every) for row in table)
    assert not torch.equal(table, table.T)
    assert torch.equal(table[table[7, 50], 99], table[7, table[50, 99]])


@pytest.mark.parametrize("lag", [16, 25])
def test_as_many_bs_follow_as_there_were_as(generator, lag):
    inputs, targets = Counting().sample(generator, 600, lag)
    counts, ends = set(), set()
    for string, answers in zip(inputs.argmax(-1).T.tolist(), targets.T.tolist(), strict=True):
        count, before = string.count(A), min(string.index(A), lag)
        after = lag - before - 2 * count
        assert string == [NOTHING] * before + [A] * count + [B] * count + [NOTHING] * after
        end = before + 2 * count
        assert answers == [IGNORED] * (end - 2) + [GOES_ON, ENDS] + [IGNORED] * after
        counts.add(count)
        ends.add(end)
    assert counts == set(range(2, lag // 4 + 1))
    assert ends == set(range(lag // 2, lag + 1))


def test_no_clock_tells_where_a_string_ends(generator):
    """The commonest answer at each step is hardly more often right than any other."""
    task = Counting()
    _, targets = task.sample(generator, 20_000, 20)
    last, before = ((targets == answer).float().mean(1) for answer in (ENDS, GOES_ON))
    assert torch.maximum(last, before).sum().item() / 2 == pytest.approx(0.5, abs=0.06)


def test_only_the_first_symbol_differs(generator):
    inputs, targets = NoiseFree().sample(generator, 50, 30)
    symbols = inputs.argmax(-1)
    assert torch.equal(symbols[0], targets[0])
    assert all((step == step[0]).all() for step in symbols[1:])
    assert len(set(symbols[1:, 0].tolist()) | {0, 1}) == 31
    with pytest.raises(BenchError, match="Lag 101 is too long for task 'noise-free': it has symbols for 100"):
        NoiseFree().sample(generator, 1, 101)
