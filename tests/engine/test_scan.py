"""A scan against the same recurrence step by step, by autograd."""

import pytest
import torch

from bench.engine.scan import scan

E, T, B, H = 2, 6, 3, 4


@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
@pytest.mark.parametrize("shape", [(E, T, B, H), (E, 1, 1, H)], ids=["of each step", "of all steps"])
def test_outputs_and_gradients_equal_those_of_a_loop(dtype, shape):
    draw = torch.Generator().manual_seed(1)
    a, b, start = (
        torch.randn(*size, dtype=dtype, generator=draw).requires_grad_() for size in (shape, (E, T, B, H), (E, B, H))
    )
    weight = torch.randn(E, T, B, H, dtype=dtype, generator=draw)
    factors, h, outputs = a.expand(E, T, B, H), start, []
    for t in range(T):
        h = factors[:, t] * h + b[:, t]
        outputs.append(h)
    found = []
    for result in (scan(a, b, start), torch.stack(outputs, dim=1)):
        loss = (result * weight).real.sum() + result.abs().square().sum()
        found.append([result, *torch.autograd.grad(loss, [a, b, start])])
    for own, reference in zip(*found, strict=True):
        torch.testing.assert_close(own, reference, rtol=1e-12, atol=1e-12)


def test_one_step():
    a, b, start = torch.full((1, 1, 1, 1), 2.0), torch.full((1, 1, 1, 1), 3.0), torch.full((1, 1, 1), 5.0)
    assert scan(a, b, start).item() == 13.0
