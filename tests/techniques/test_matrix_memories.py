"""Matrix memories against their papers' equations, one step at a time, without stabilisation or kernels.

The numbers are what public implementations give for weights and inputs by formula; comments name them.
"""

import math

import pytest
import torch
from kernels import by_kernel_and_by_steps, needs_kernels
from stacks_by_hand import (
    H,
    N,
    T,
    built,
    cell_by_formula,
    equals_the_equations,
    formula,
    gives_the_same_where_a_probe_follows_its_states,
    goes_on_from_a_state,
)

from bench.engine.delta_rule import delta_rule
from bench.engine.probe import recorded
from bench.protocol.preset import Selectors, load_preset, resolve
from bench.techniques import techniques
from bench.techniques.base import Situation
from bench.techniques.deltanet import DeltaCell
from bench.techniques.mlstm import MatrixCell
from bench.training.cost import count_flops

HEADS = 2


def heads(v):
    return v.view(HEADS, -1)


def silu(v):
    return v / (1 + torch.exp(-v))


def unit(v):
    return torch.stack([row / (row @ row + 1e-6).sqrt() for row in v])


def deltanet(most):
    def compute(p, x):
        memories = [torch.zeros(H // HEADS, H // HEADS).double() for _ in range(HEADS)]
        for v in x:
            q, k, value = (heads(each) for each in silu(v @ p["input_weight"] + p["bias"]).split(H))
            beta = most / (1 + torch.exp(-(v @ p["beta_weight"] + p["beta_bias"])))
            identity = torch.eye(H // HEADS).double()
            memories = [
                (identity - b * torch.outer(key, key)) @ s + b * torch.outer(key, val)
                for s, b, key, val in zip(memories, beta, unit(k), value, strict=True)
            ]
            yield torch.cat([query @ s for s, query in zip(memories, unit(q), strict=True)])

    return compute


def mlstm(p, x):
    """The equations as they are before m is taken out: C and n may grow."""
    size = H // HEADS
    memories = [(torch.zeros(size, size).double(), torch.zeros(size).double()) for _ in range(HEADS)]
    for v in x:
        q, k, value, o = (v @ p["input_weight"] + p["bias"]).split(H)
        i, f = (v @ p["gate_weight"] + p["gate_bias"]).split(HEADS)
        i, f = torch.exp(i), 1 / (1 + torch.exp(-f))
        found = []
        for h, (c, n) in enumerate(memories):
            key = heads(k)[h] / math.sqrt(size)
            memories[h] = c, n = f[h] * c + i[h] * torch.outer(key, heads(value)[h]), f[h] * n + i[h] * key
            found.append(heads(q)[h] @ c / max((heads(q)[h] @ n).abs(), torch.tensor(1.0)))
        yield torch.cat(found) / (1 + torch.exp(-o))


CASES = {
    "deltanet": ("deltanet", {"heads": HEADS}, deltanet(1.0)),
    "deltanet to -1": ("deltanet", {"heads": HEADS, "most": 2.0}, deltanet(2.0)),
    "mlstm": ("mlstm", {"heads": HEADS}, mlstm),
}


@pytest.mark.parametrize("case", CASES)
def test_values_and_gradients_equal_the_papers_equations(case):
    name, dials, layer = CASES[case]
    equals_the_equations(*built(name, **dials), [layer])


@pytest.mark.parametrize("case", CASES)
def test_a_carried_state_continues_the_sequence(case):
    name, dials, _ = CASES[case]
    goes_on_from_a_state(*built(name, **dials))


@pytest.mark.parametrize("case", CASES)
def test_the_states_that_a_probe_follows_give_the_same_outputs(case):
    name, dials, _ = CASES[case]
    gives_the_same_where_a_probe_follows_its_states(*built(name, **dials))


PUBLISHED = {
    # fla-org/flash-linear-attention, fla/ops/delta_rule/naive.py, delta_rule_recurrence, its q d^-1/2 taken back
    "deltanet": [0.00946809787, -0.682638293281, 0.194335930376, -0.802125749341, -0.98761171037, 0.368385040105],
    # NX-AI/xlstm, xlstm/blocks/mlstm/backends.py, recurrent_step_stabilized_simple with eps 0, times the output gate
    "mlstm": [0.802126799962, -0.466372953493, 0.124166011005, 0.186799104427, 0.226216649112, 0.266182640859],
}
"""The last step's outputs."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_public_implementation_gives_the_same_numbers(name):
    cell = cell_by_formula(name, heads=HEADS)
    outputs, _ = cell(formula((1, T, 1, N), 0.5))
    numbers = torch.tensor(PUBLISHED[name], dtype=torch.float64)
    torch.testing.assert_close(outputs[0, -1, 0], numbers, rtol=0, atol=1e-11)


SIZES = {
    "odd": (3, 7, 5, 4, 6),
    "one of each": (1, 1, 1, 1, 2),
    "whole vectors": (2, 9, 8, 2, 32),
    "mixed": (2, 40, 3, 3, 38),
}
"""Members, steps, sequences, inputs, units."""
CELLS = {"deltanet": lambda *sizes: DeltaCell(*sizes, most=1.5), "mlstm": MatrixCell}


@needs_kernels
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", CELLS)
def test_the_kernel_equals_steps_in_double_precision(name, size):
    heads = 1 if size == "one of each" else 2
    for single, double in by_kernel_and_by_steps(lambda *sizes: CELLS[name](*sizes, heads), SIZES[size]):
        torch.testing.assert_close(single.double(), double, rtol=2e-3, atol=3e-5 * (1 + double.abs().max().item()))


@needs_kernels
def test_the_kernel_takes_matrices_that_are_not_square_and_all_of_its_gates():
    """Keys have 5 numbers and values 18; both the gate and the correction act. In double precision it is the rule."""
    draw = torch.Generator().manual_seed(1)
    shapes = [(2, 6, 3, 2, 5), (2, 6, 3, 2, 5), (2, 6, 3, 2, 18), (2, 6, 3, 2), (2, 6, 3, 2), (2, 3, 2, 5, 18)]
    given = [torch.rand(shape, generator=draw) - (0.5 if len(shape) == 5 else 0.0) for shape in shapes]
    single, double = ([x.to(dtype).requires_grad_() for x in given] for dtype in (torch.float32, torch.float64))
    q, k, v, beta, f, s = double
    outputs = []
    for t in range(6):
        held = torch.einsum("ebhkv,ebhk->ebhv", s, k[:, t])
        s = f[:, t, ..., None, None] * (
            s - beta[:, t, ..., None, None] * torch.einsum("ebhk,ebhv->ebhkv", k[:, t], held)
        )
        s = s + torch.einsum("ebhk,ebhv->ebhkv", k[:, t], v[:, t])
        outputs.append(torch.einsum("ebhkv,ebhk->ebhv", s, q[:, t]))
    slow, fast = (torch.stack(outputs, dim=1), s), delta_rule(*single)
    weights = [torch.randn(x.shape, generator=draw) for x in slow]
    found = [
        [*values, *torch.autograd.grad(sum((x * w).sum() for x, w in zip(values, weights, strict=True)), leaves)]
        for values, leaves in ((fast, single), (slow, double))
    ]
    for own, other in zip(*found, strict=True):
        torch.testing.assert_close(own.double(), other, rtol=1e-4, atol=1e-5)


def test_large_input_gates_are_stable():
    """In single precision e^100 is infinite; what is written last, with by far the largest gate, is what is read."""
    cell = MatrixCell(1, 1, 4, 1)
    for parameter in cell.parameters():
        parameter.data.fill_(0.5)
    cell.gate_weight.data[..., 0] = 100.0
    x = torch.tensor([1.0, 0.5, 3.0]).view(1, 3, 1, 1)
    outputs, _ = cell(x)
    assert outputs.isfinite().all()
    open_gate, value = torch.sigmoid(torch.tensor(2.0)), 2.0
    torch.testing.assert_close(outputs[0, -1, 0], open_gate * value * torch.ones(4))


def test_heads_that_units_cannot_be_divided_into_are_declined():
    situation = {"task": "adding", "lag": 20, "steps": 20}
    for name in ("deltanet", "mlstm"):
        skip = techniques.get(name).skip
        assert skip(Situation(**situation, hidden_size=8, dials={"heads": 4})) is None
        assert (
            skip(Situation(**situation, hidden_size=6, dials={"heads": 4})) == "6 units cannot be divided into 4 heads"
        )
        assert "one unit each" in skip(Situation(**situation, hidden_size=4, dials={"heads": 4}))


@pytest.mark.parametrize(("most", "eigenvalue"), [(1.0, 0.0), (2.0, -1.0), (1.5, -0.5)])
def test_what_a_delta_rule_holds_of_a_key_is_multiplied_by_its_eigenvalue(most, eigenvalue):
    """With β at its most and nothing to write: 0 forgets at once, −1 turns the sign at each step, as parity does."""
    cell = DeltaCell(1, 1, 4, 1, most).double()
    cell.reset(0, lambda _: torch.Generator().manual_seed(1), "default")
    cell.beta_bias.data.fill_(100.0)
    cell.input_weight.data *= 10.0
    cell.input_weight.data[..., -4:] = 0.0
    x = torch.ones(1, 3, 1, 1, dtype=torch.float64)
    _, key, _, _ = cell.addressed(x)
    value = torch.tensor([0.3, -1.0, 2.0, 0.5], dtype=torch.float64)
    memory = key[0, 0, 0, 0, :, None] * value / key[0, 0, 0, 0].square().sum()
    with recorded([cell]) as (history,):
        cell(x, (memory.flatten().view(1, 1, -1),))
    for step, (state,) in enumerate(history, start=1):
        held = cell.recalled(cell.matrices(state), key[:, 0])[0, 0]
        torch.testing.assert_close(held, eigenvalue**step * value, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("name", "products"), [("deltanet", 2), ("mlstm", 1)])
def test_products_with_memories_are_among_the_operations_counted(name, products):
    """One head has 8 by 8 numbers, four have 2 by 2 each: 2 d² operations a product, thrice in an update."""
    counts = []
    for heads in (1, 4):
        chosen = Selectors(techniques=(f"{name}:heads={heads}",), tasks=("adding",), lags=(20,), hidden_size=8)
        counts.append(count_flops(resolve(load_preset("smoke"), chosen).settings[0]))
    assert counts[0] - counts[1] == pytest.approx(4 * 3 * products * 20 * 2 * (64 - 16), rel=0.2)
