"""One optimiser step with a rate a member equals each member stepped by torch alone."""

from typing import get_args

import pytest
import torch

from bench.engine.optimizer import MOMENTUM, keep_members, step_members, unit_rate_optimizer
from bench.records.settings import OptimizerName

RATES = torch.tensor([1e-3, 1e-2, 0.3], dtype=torch.float64)
TORCHS = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "nadam": torch.optim.NAdam,
    "radam": torch.optim.RAdam,
    "rmsprop": torch.optim.RMSprop,
    "sgd": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=MOMENTUM),
}


def stacks():
    torch.manual_seed(0)
    return [torch.nn.Parameter(torch.randn(3, *shape, dtype=torch.float64)) for shape in [(4, 5), (5,)]]


@pytest.mark.parametrize("name", get_args(OptimizerName))
def test_each_member_steps_as_torch_alone_would(name):
    stacked = stacks()
    optimizer = unit_rate_optimizer(name, stacked)
    alone = [[torch.nn.Parameter(p[e].detach().clone()) for p in stacked] for e in range(3)]
    singles = [TORCHS[name](alone[e], lr=RATES[e].item()) for e in range(3)]
    for update in range(12):
        gradients = [torch.randn(p.shape, dtype=torch.float64) * 10.0**-update for p in stacked]
        for p, g in zip(stacked, gradients, strict=True):
            p.grad = g.clone()
        step_members(optimizer, RATES)
        for e in range(3):
            for p, g in zip(alone[e], gradients, strict=True):
                p.grad = g[e].clone()
            singles[e].step()
    for e in range(3):
        for p, q in zip(stacked, alone[e], strict=True):
            torch.testing.assert_close(p[e], q, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", get_args(OptimizerName))
def test_leaving_the_stack_changes_nothing_for_those_who_stay(name):
    whole, thinned = stacks(), stacks()
    optimizers = [unit_rate_optimizer(name, p) for p in (whole, thinned)]
    keep = torch.tensor([0, 2])
    for update in range(6):
        gradients = [torch.randn(p.shape, dtype=torch.float64) for p in whole]
        if update == 3:
            keep_members(optimizers[1], keep)
        gone = update >= 3
        for p, q, g in zip(whole, thinned, gradients, strict=True):
            p.grad, q.grad = g.clone(), g[keep].clone() if gone else g.clone()
        step_members(optimizers[0], RATES)
        step_members(optimizers[1], RATES[keep] if gone else RATES)
    for p, q in zip(whole, thinned, strict=True):
        assert q.shape[0] == 2
        torch.testing.assert_close(p[keep], q)
