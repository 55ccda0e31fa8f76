"""The soft penalty on W against its closed form."""

from dataclasses import replace

import pytest
import torch

from bench.techniques.contract import TINY, EasyTask
from bench.techniques.orthogonal_soft import OrthogonalSoft, distance

STRENGTH = 0.3


@pytest.mark.parametrize("share", [1.0, 0.3], ids=["together", "in turns"])
def test_the_penaltys_gradient_is_added_to_the_tasks_once_and_its_value_to_no_report(share):
    """∂‖WᵀW − I‖²/∂W = 4 W (WᵀW − I)."""
    module = OrthogonalSoft(replace(TINY, dials={"strength": STRENGTH}), EasyTask()).double()
    layer = module.layers[0]
    draw = torch.Generator().manual_seed(1)
    layer.recurrent_weight.data += 0.1 * torch.randn(layer.recurrent_weight.shape, generator=draw, dtype=torch.float64)
    x = torch.randn(3, TINY.steps, 7, TINY.inputs, generator=draw, dtype=torch.float64)
    targets = x[:, -TINY.scored :, :, : TINY.outputs]
    losses = module.full_bptt(x, targets)
    bare = {name: p.grad.clone() for name, p in module.named_parameters()}
    module.zero_grad()
    module.budget = share * 7 * module.bytes_each(TINY.steps, torch.float64)
    torch.testing.assert_close(module._accumulate_in_turns(x, targets), losses)
    for name, p in module.named_parameters():
        w = p.detach()
        extra = 4 * STRENGTH * w @ (w.mT @ w - torch.eye(TINY.hidden_size)) if "recurrent" in name else 0
        torch.testing.assert_close(p.grad, bare[name] + extra)


def test_it_is_0_at_the_start_and_pulls_the_matrix_back():
    found = []
    for strength in (1e-9, 10.0):
        module = OrthogonalSoft(replace(TINY, dials={"strength": strength}), EasyTask())
        assert distance(module.layers[0].recurrent_weight).max() < 1e-9
        optimizer = module.configure_optimizers()
        for _ in range(20):
            x = torch.randn(3, TINY.steps, 7, TINY.inputs, generator=torch.Generator().manual_seed(1))
            module.update(optimizer, x, x[:, -TINY.scored :, :, : TINY.outputs])
        found.append(distance(module.layers[0].recurrent_weight.detach())[0].item())
    free, bound = found
    assert bound < free / 10
