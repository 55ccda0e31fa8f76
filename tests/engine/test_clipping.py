"""Clipping for each member against torch's own, and the source's one-sided sketch against its definition."""

import pytest
import torch

from bench.engine import clipping


@pytest.fixture
def gradients():
    torch.manual_seed(0)
    scale = torch.tensor([0.01, 1.0, 100.0])
    return [torch.randn(3, 4, 5) * scale.view(3, 1, 1), torch.randn(3, 5) * scale.view(3, 1)]


def test_norm_is_over_all_of_a_members_parameters(gradients):
    expected = [torch.cat([g[e].flatten() for g in gradients]).norm() for e in range(3)]
    torch.testing.assert_close(clipping.global_norm(gradients), torch.stack(expected))


def test_by_norm_equals_torch_for_each_member(gradients):
    expected = [[g[e].clone() for g in gradients] for e in range(3)]
    norms = clipping.global_norm(gradients)
    acted = clipping.clip_by_norm(gradients, norms, 1.0)
    assert acted.tolist() == [False, True, True]
    for e in range(3):
        parameters = [torch.nn.Parameter(torch.zeros_like(g)) for g in expected[e]]
        for p, g in zip(parameters, expected[e], strict=True):
            p.grad = g
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        for p, g in zip(parameters, gradients, strict=True):
            torch.testing.assert_close(g[e], p.grad)


def test_by_value_is_two_sided(gradients):
    acted = clipping.clip_by_value(gradients, 2.0)
    assert acted.tolist() == [False, True, True] or acted.tolist() == [False, False, True]
    assert all(g.abs().max() <= 2.0 for g in gradients)
    assert min(g.min() for g in gradients) == -2.0


def test_literal_sketch_leaves_large_negative_elements(gradients):
    before = [g.clone() for g in gradients]
    clipping.clip_above(gradients, 2.0)
    for old, new in zip(before, gradients, strict=True):
        torch.testing.assert_close(new, torch.where(old > 2.0, 2.0, old))
    assert min(g.min() for g in gradients) < -2.0


def test_literal_sketch_says_when_it_acts():
    gradients = [torch.tensor([[-5.0, 1.0], [5.0, 1.0]])]
    assert clipping.clip_above(gradients, 2.0).tolist() == [False, True]
