"""Pascanu's Ω against its equation, written out step by step, and its gradient against finite differences."""

from dataclasses import replace

import pytest
import torch

from bench.techniques import techniques
from bench.techniques.contract import TINY, EasyTask

STEPS, BATCH = 9, 2


@pytest.mark.parametrize("name", ["omega", "omega-clip-norm"])
def test_omega_is_the_papers_and_reaches_the_recurrent_weights_alone(name):
    blueprint = replace(TINY, seeds=(1,), learning_rates=(0.01,), dials={"weight": 0.5})
    module = techniques.get(name)(blueprint, EasyTask()).double()
    draw = torch.Generator().manual_seed(1)
    layer, x = module.layers[0], torch.randn(1, STEPS, BATCH, TINY.inputs, generator=draw, dtype=torch.float64)
    targets = x[:, -TINY.scored :, :, : TINY.outputs]
    losses = module.full_bptt(x, targets)
    bare = [p.grad.clone() for p in module.parameters()]
    module.zero_grad()
    torch.testing.assert_close(module.accumulate(x, targets), losses)  # what is reported is the loss of the task
    extra = {n: p.grad - b for (n, p), b in zip(module.named_parameters(), bare, strict=True)}
    assert {name for name, g in extra.items() if g.abs().max() > 1e-12} == {"stack.0.recurrent_weight"}
    states, gradients = states_and_gradients(module, layer, x, targets)
    step, weight = 1e-6, layer.recurrent_weight.data
    for place in ((0, 0, 0), (0, 3, 5), (0, 7, 2)):
        sizes = []
        for sign in (1, -1):
            weight[place] += sign * step
            sizes.append(omega(layer, states, gradients))
            weight[place] -= sign * step
        slope = 0.5 * (sizes[0] - sizes[1]) / (2 * step)
        assert extra["stack.0.recurrent_weight"][place].item() == pytest.approx(slope, rel=1e-5)


def states_and_gradients(module, layer, x, targets):
    """h_t and ∂L/∂h_t of every step, (B, H) each."""
    state, states = layer.start(x), []
    for drive in layer.drive(x).unbind(1):
        state = layer.step(drive, state)
        states.append(state[0])
    outputs = module.readout(torch.stack(states[-TINY.scored :], dim=1))
    gradients = torch.autograd.grad(module.task.loss(outputs, targets).sum(), states)
    return [s.detach()[0] for s in states], [g[0] for g in gradients]


def omega(layer, states, gradients):
    """Eq. 9 by the Jacobian of each step, the mean over sequences; h and ∂L/∂h are given, W is the layer's."""
    total = 0.0
    for k in range(STEPS - 1):
        for b in range(BATCH):
            jacobian = (1 - states[k + 1][b] ** 2).unsqueeze(1) * layer.recurrent_weight.detach()[0].T
            v = gradients[k + 1][b]
            total += ((v @ jacobian).norm() / v.norm() - 1).item() ** 2 / BATCH
    return total
