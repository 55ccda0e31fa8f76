"""Linear recurrences against their papers' equations, written out for one member, one sequence and one step at a time.

The numbers are what public implementations give for weights and inputs by formula; tests name them.
"""

import math
from dataclasses import replace

import pytest
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


def embedded(p, x):
    return [v @ p["map.weight"] + p["map.bias"] for v in x]


def normalised(p, v):
    centred = v - v.mean()
    return centred / (centred.square().mean() + 1e-5).sqrt() * p["norm.gain"] + p["norm.bias"]


def block(recurrence):
    """x + a σ(b), (a, b) = GELU(y) W + c."""

    def compute(p, x):
        for v, y in zip(x, recurrence(p, [normalised(p, v) for v in x]), strict=True):
            squashed = y * (1 + torch.erf(y / math.sqrt(2))) / 2
            a, b = (squashed @ p["gate.weight"] + p["gate.bias"]).split(H)
            yield v + a / (1 + torch.exp(-b))

    return compute


def lru(p, x):
    size = torch.exp(-torch.exp(p["nu"]))
    angle = torch.exp(p["theta"])
    factor = torch.complex(size * torch.cos(angle), size * torch.sin(angle))
    into = torch.complex(p["input_weight"][:, 0::2], p["input_weight"][:, 1::2])
    out = torch.complex(p["output_weight"][0::2], -p["output_weight"][1::2])
    h = torch.zeros(H, dtype=torch.complex128)
    for v in x:
        h = factor * h + torch.exp(p["gamma"]) * (v.to(h.dtype) @ into)
        yield (h @ out).real + p["skip"] * v


LAYERS = {"lru": [embedded, block(lru), block(lru)]}


def by_hand(name, module, x):
    """The top layer's outputs (E, T, B, H), step by step."""
    found = torch.empty(E, T, B, H, dtype=torch.float64)
    for e in range(E):
        for b in range(B):
            sequence = list(x[e, :, b].unbind(0))
            for depth, layer in enumerate(LAYERS[name]):
                sequence = list(layer(parameters(module, depth, e), sequence))
            found[e, :, b] = torch.stack(sequence)
    return found


@pytest.mark.parametrize("name", LAYERS)
def test_values_and_gradients_equal_the_papers_equations(name):
    module, x = built(name)
    wanted = torch.randn(E, T, B, H, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    leaves = [x, *module.stack.parameters()]
    outputs = module.body(x)[0], by_hand(name, module, x)
    torch.testing.assert_close(*outputs, rtol=1e-10, atol=1e-12)
    gradients = [torch.autograd.grad((y * wanted).sum(), leaves) for y in outputs]
    torch.testing.assert_close(*gradients, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", LAYERS)
def test_the_states_that_a_probe_follows_give_the_same_outputs(name):
    module, x = built(name)
    with recorded(module.layers) as histories:
        stepwise, ends = module.body(x)
    whole, last = module.body(x)
    torch.testing.assert_close(stepwise, whole, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(ends, last, rtol=1e-10, atol=1e-12)
    assert all(len(history) == T for history, layer in zip(histories, module.layers, strict=True) if layer.states)


@pytest.mark.parametrize("name", LAYERS)
def test_a_carried_state_continues_the_sequence(name):
    module, x = built(name)
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


def test_the_lru_starts_on_its_ring_with_states_of_the_inputs_size():
    module = techniques.get("lru")(replace(TINY, dials={"least": 0.5}), EasyTask()).double()
    radius = module.layers[1].factors.abs()
    assert (radius > 0.5).all()
    assert (radius < 1).all()
    ones = torch.ones(len(TINY.seeds), TINY.hidden_size).double()
    torch.testing.assert_close(module.layers[1].gamma.exp().square() + radius[:, 0].square(), ones)


PUBLISHED = {
    # NicolasZucchet/minimal-LRU, lru/model.py, LRU
    "lru": [-4.745340745366, 4.584843454638, -0.270691134686, 7.109541007163, 8.517774879863, -9.058907769865],
}
"""The last step's outputs, before the block closes."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_public_implementation_gives_the_same_numbers(name):
    cell = cell_by_formula(name)
    cell.close = lambda y, x: y
    outputs, _ = cell(formula((1, T, 1, H), 0.5))
    torch.testing.assert_close(
        outputs[0, -1, 0], torch.tensor(PUBLISHED[name], dtype=torch.float64), rtol=0, atol=1e-11
    )
