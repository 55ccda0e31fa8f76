"""Holds a recurrence to its paper's equations, written out for one member, one sequence and one step at a time."""

from collections.abc import Callable

import torch
from torch import Tensor

from bench.engine.recurrence import Recurrence

STEPS, BATCH = 9, 2

Step = Callable[..., tuple[Tensor, ...]]
"""step(p, x, *states): a member's parameters by name, one input (I,), states (H,) → the next states (H,)."""


def drawn(cell: Recurrence, scale: float = 0.6) -> Recurrence:
    """The cell in double precision with every parameter away from zero."""
    draw = torch.Generator().manual_seed(0)
    for parameter in cell.parameters():
        parameter.data = scale * torch.randn(parameter.shape, generator=draw, dtype=torch.float64)
    return cell


def by_formula(cell: Recurrence) -> Tensor:
    """Set every parameter, in the order of their names, from one sequence of sines; returns inputs (E, T, B, I)."""
    shapes = {name: p.shape for name, p in sorted(cell.named_parameters())}
    shapes["x"] = torch.Size((cell.input_weight.shape[0], STEPS, BATCH, cell.input_weight.shape[1]))
    sizes = [shape.numel() for shape in shapes.values()]
    numbers = torch.sin(torch.arange(1, sum(sizes) + 1, dtype=torch.float64).square())
    values = dict(zip(shapes, map(torch.Tensor.view, numbers.split(sizes), shapes.values()), strict=True))
    for name, parameter in cell.named_parameters():
        parameter.data = values[name]
    return values["x"]


def assert_as_written(cell: Recurrence, step: Step, rtol: float = 1e-10) -> None:
    """Outputs, last states and gradients of whole sequences are those of the equations, and go on from a state."""
    members, inputs = cell.input_weight.shape[:2]
    draw = torch.Generator().manual_seed(1)

    def random(*shape: int) -> Tensor:
        return torch.randn(members, *shape, generator=draw, dtype=torch.float64).requires_grad_()

    x, start = random(STEPS, BATCH, inputs), tuple(random(BATCH, cell.hidden) for _ in cell.states)
    outputs, ends = cell(x, start)
    slow, slow_ends = _by_hand(cell, step, x, start)
    leaves = [x, *start, *(p for p in cell.parameters() if p.requires_grad)]
    weights = [random(STEPS, BATCH, cell.hidden).detach(), *(random(BATCH, cell.hidden).detach() for _ in ends)]
    found = []
    for results in ((outputs, *ends), (slow, *slow_ends)):
        loss = sum((a * w).sum() for a, w in zip(results, weights, strict=True))
        found.append([*results, *torch.autograd.grad(loss, leaves)])
    for own, reference in zip(*found, strict=True):
        torch.testing.assert_close(own, reference, rtol=rtol, atol=rtol / 100)
    _, middle = cell(x[:, :4], start)
    again, last = cell(x[:, 4:], middle)
    torch.testing.assert_close(again, outputs[:, 4:])
    torch.testing.assert_close(last, ends)


def _by_hand(cell: Recurrence, step: Step, x: Tensor, start: tuple[Tensor, ...]) -> tuple[Tensor, list[Tensor]]:
    """The first state after each step (E, T, B, H), and the last states (E, B, H)."""
    outputs, ends = [], []
    for e in range(x.shape[0]):
        p = {key: value[e] for key, value in cell.named_parameters()}
        for b in range(x.shape[2]):
            states = tuple(s[e, b] for s in start)
            for t in range(x.shape[1]):
                states = step(p, x[e, t, b], *states)
                outputs.append(states[0])
            ends.append(states)
    shape = x.shape[0], x.shape[2]
    first = torch.stack(outputs).unflatten(0, (*shape, x.shape[1])).transpose(1, 2)
    return first, [torch.stack(s).unflatten(0, shape) for s in zip(*ends, strict=True)]
