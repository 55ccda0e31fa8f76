"""Holds techniques, their layers stacked, to their papers' equations: one member, one sequence, one step at a time."""

import math
from dataclasses import replace

import torch

from bench.engine.probe import recorded
from bench.techniques import techniques
from bench.techniques.contract import TINY, EasyTask

E, T, B, N, H = 2, 7, 2, 3, 6


def built(name, scale=0.4, **dials):
    """A technique in double precision, every parameter moved away from where it starts, and inputs (E, T, B, N)."""
    sizes = {"inputs": N, "hidden_size": H, "seeds": (1, 2), "learning_rates": (0.01,) * E, "scored": 1, "steps": T}
    module = techniques.get(name)(replace(TINY, dials=dials, **sizes), EasyTask()).double()
    draw = torch.Generator().manual_seed(3)
    for parameter in module.parameters():
        parameter.data += scale * torch.randn(parameter.shape, generator=draw, dtype=torch.float64)
    x = torch.randn(E, T, B, N, generator=draw, dtype=torch.float64, requires_grad=True)
    return module, x


def parameters(module, prefix, member):
    """One member's parameters under this prefix, by the rest of their names."""
    named = ((key.removeprefix("stack."), value) for key, value in module.named_parameters())
    return {key.removeprefix(f"{prefix}."): value[member] for key, value in named if key.startswith(f"{prefix}.")}


def by_hand(layers, module, x):
    """The top layer's outputs (E, T, B, H): `layers` map one member's parameters and a sequence to a sequence, each."""
    found = torch.empty(*x.shape[:3], H, dtype=torch.float64)
    for e in range(x.shape[0]):
        for b in range(x.shape[2]):
            sequence = list(x[e, :, b].unbind(0))
            for depth, layer in enumerate(layers):
                sequence = list(layer(parameters(module, depth, e), sequence))
            found[e, :, b] = torch.stack(sequence)
    return found


def equals_the_equations(module, x, layers):
    """Outputs and gradients are those of `by_hand`."""
    wanted = torch.randn(*x.shape[:3], H, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    leaves = [x, *module.stack.parameters()]
    outputs = module.body(x)[0], by_hand(layers, module, x)
    torch.testing.assert_close(*outputs, rtol=1e-10, atol=1e-12)
    gradients = [torch.autograd.grad((y * wanted).sum(), leaves) for y in outputs]
    torch.testing.assert_close(*gradients, rtol=1e-8, atol=1e-10)


def gives_the_same_where_a_probe_follows_its_states(module, x):
    """Outputs and last states are the same step by step."""
    with recorded(module.layers) as histories:
        stepwise, ends = module.body(x)
    whole, last = module.body(x)
    torch.testing.assert_close(stepwise, whole, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(ends, last, rtol=1e-10, atol=1e-12)
    assert all(len(history) == T for history, layer in zip(histories, module.layers, strict=True) if layer.states)


def goes_on_from_a_state(module, x):
    """A sequence in two parts has the outputs of the whole."""
    whole, last = module.body(x)
    first, states = module.body(x[:, :3])
    second, ends = module.body(x[:, 3:], states)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(ends, last, rtol=1e-10, atol=1e-12)


def formula(shape, phase):
    """Numbers between −1 and 1 that look like none: sin(phase + n²/7), n counted along the flattened shape."""
    n = torch.arange(math.prod(shape), dtype=torch.float64)
    return torch.sin(phase + n.square() / 7).view(shape)


def cell_by_formula(name, **dials):
    """The first layer with a state, of a technique with one member and weights by formula, and inputs (1, T, 1, H)."""
    sizes = {"inputs": N, "hidden_size": H, "seeds": (1,), "learning_rates": (0.01,), "steps": T}
    module = techniques.get(name)(replace(TINY, dials=dials, **sizes), EasyTask()).double()
    cell = next(layer for layer in module.layers if layer.states)
    for place, (_, parameter) in enumerate(sorted(cell.named_parameters())):
        parameter.data = formula(parameter.shape, place)
    return cell
