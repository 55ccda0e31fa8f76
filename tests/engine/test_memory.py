import pytest
import torch
from torch import nn

from bench.engine.memory import narrowed, parts


@pytest.mark.parametrize(
    ("count", "at_once", "sizes"),
    [(5, 5, [5]), (5, 100.0, [5]), (5, float("inf"), [5]), (5, 2.9, [2, 2, 1]), (3, 0.01, [1, 1, 1])],
)
def test_parts_cover_all_in_order(count, at_once, sizes):
    found = parts(count, at_once)
    assert [p.stop - p.start for p in found] == sizes
    assert [i for p in found for i in range(count)[p]] == list(range(count))


def test_parameters_are_narrowed_and_come_back():
    p = nn.Parameter(torch.arange(6.0).view(3, 2))
    whole = p.data
    with narrowed([p], slice(1, 2)):
        p.square().sum().backward()
        assert torch.equal(p.grad, 2 * whole[1:2])
    assert p.data.data_ptr() == whole.data_ptr()
    assert p.shape == (3, 2)
    assert p.grad is None
