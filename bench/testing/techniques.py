"""The contract of a technique."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from bench.engine.optimizer import keep_members
from bench.techniques.base import Blueprint, Technique

STEPS, BATCH, SCORED = 12, 6, 2
BLUEPRINT = Blueprint(
    inputs=3, outputs=2, scored=SCORED, hidden_size=8, seeds=(1, 2, 1), learning_rates=(0.01, 0.01, 0.001)
)
TOLERANCE = 1e-9
"""In double precision: rounding, not luck."""


class EasyTask:
    """Give the last two inputs back: what any recurrent network learns at once."""

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs - targets).square().flatten(1).mean(1)

    def metric(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return self.loss(outputs, targets)


def check_technique(technique_class: type[Technique]) -> None:
    """Raise AssertionError, saying what is wrong, unless the class keeps the contract of `Technique`."""
    for check in (_words, _dials, _start, _shapes, _independence, _rates, _leaving, _learning):
        for complaint in check(technique_class):
            raise AssertionError(f"{technique_class.__name__}: {complaint}.")


def _words(cls: type[Technique]) -> Iterator[str]:
    for word in ("name", "title", "family", "changes", "reference"):
        if not getattr(cls, word, "").strip():
            yield f"the attribute {word} is missing or empty"
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", cls.name):
        yield f"the name '{cls.name}' is not of small letters, digits and hyphens, as the command line needs it"
    if not (cls.__doc__ or "").strip():
        yield "there is no docstring: show its equation"


def _dials(cls: type[Technique]) -> Iterator[str]:
    for name, dial in cls.dials.items():
        if not all(dial.allows(value) for value in (dial.default, *dial.sweep)):
            least = "positive" if dial.least is None else f"{dial.least:g} or more"
            yield f"the dial {name} has values that are not {least}"
        value = dial.sweep[-1] if dial.sweep else dial.default
        module = _build(cls, replace(BLUEPRINT, dials={name: value}))
        if getattr(module, name) != value:
            yield f"the dial {name} does not read {value:g} when it is set so"


def _start(cls: type[Technique]) -> Iterator[str]:
    before = torch.get_rng_state()
    module, again = _build(cls), _build(cls)
    if not torch.equal(before, torch.get_rng_state()):
        yield "initialising uses the global random state, not the generators given"
    first = [p.detach() for p in module.parameters()]
    if not all(torch.equal(a, b) for a, b in zip(first, again.parameters(), strict=True)):
        yield "equal seeds give unequal weights"
    if not all(torch.equal(p[0], p[2]) for p in first):
        yield "two members of one seed start from unequal weights"
    if all(torch.equal(p[0], p[1]) for p in first):
        yield "two members of unlike seeds start from equal weights"
    if not all(p.shape[0] == len(BLUEPRINT.seeds) for p in first):
        yield "a parameter does not have the members as its first axis"
    if not all(p.isfinite().all() for p in first):
        yield "a parameter is not finite at the start"


def _shapes(cls: type[Technique]) -> Iterator[str]:
    module = _build(cls)
    inputs, _ = _batch(0)
    outputs = module(inputs)
    wanted = (len(BLUEPRINT.seeds), SCORED, BATCH, BLUEPRINT.outputs)
    if outputs.shape != wanted:
        yield f"the output is {tuple(outputs.shape)}, not (members, scored, batch, outputs) = {wanted}"
    if module.parameters_each < 1 or module.state_each < 1:
        yield "parameters_each and state_each must count something"


def _independence(cls: type[Technique]) -> Iterator[str]:
    """A member trains as it would alone, whatever becomes of the others."""
    together = _train(_build(cls), spoil=1)
    for member in (0, 2):
        blueprint = replace(
            BLUEPRINT, seeds=BLUEPRINT.seeds[member : member + 1],
            learning_rates=BLUEPRINT.learning_rates[member : member + 1],
        )  # fmt: skip
        alone = _train(_build(cls, blueprint), only=member)
        for a, b in zip(together.parameters(), alone.parameters(), strict=True):
            if not torch.allclose(a[member], b[0], rtol=0, atol=TOLERANCE):
                yield f"member {member} trains differently when others are in the stack"
                return


def _rates(cls: type[Technique]) -> Iterator[str]:
    """Members 0 and 2 differ by their rate alone: so do their first steps."""
    start, module = _build(cls), _build(cls)
    inputs, targets = _batch(0)
    module.update(module.configure_optimizers(), inputs[[0, 0, 0]], targets[[0, 0, 0]])
    for old, new in zip(start.parameters(), module.parameters(), strict=True):
        moved = (new - old).detach()
        if not torch.allclose(moved[0] * 0.1, moved[2], rtol=1e-4, atol=TOLERANCE):
            yield "a member's step is not in proportion to its learning rate"
            return


def _leaving(cls: type[Technique]) -> Iterator[str]:
    """When a member leaves the stack, the others go on as before."""
    whole, thinned = _build(cls), _build(cls)
    optimizers = whole.configure_optimizers(), thinned.configure_optimizers()
    keep = torch.tensor([0, 2])
    for update in range(4):
        inputs, targets = _batch(update)
        whole.update(optimizers[0], inputs, targets)
        if update == 2:
            keep_members(optimizers[1], keep)
            thinned.rows, thinned.rates = thinned.rows[keep], thinned.rates[keep]
        rows = keep if update >= 2 else slice(None)
        thinned.update(optimizers[1], inputs[rows], targets[rows])
    for a, b in zip(whole.parameters(), thinned.parameters(), strict=True):
        if not torch.allclose(a[keep], b, rtol=0, atol=TOLERANCE):
            yield "members train differently after another has left the stack"
            return


def _learning(cls: type[Technique]) -> Iterator[str]:
    module = _build(cls)
    optimizer = module.configure_optimizers()
    losses = []
    for update in range(100):
        inputs, targets = _batch(update)
        losses.append(module.update(optimizer, inputs, targets)[0])
    early, late = torch.stack(losses[:10]).mean(0)[0], torch.stack(losses[-10:]).mean(0)[0]
    if not late < 0.9 * early:
        yield f"it does not learn to repeat its last input: the loss goes from {early:.3g} to {late:.3g}"


def _build(cls: type[Technique], blueprint: Blueprint = BLUEPRINT) -> Technique:
    return cls(blueprint, EasyTask()).double()


def _train(module: Technique, only: int | None = None, spoil: int | None = None) -> Technique:
    """A few updates: on one member's sequences alone, or with another's weights turned into not-a-number."""
    optimizer = module.configure_optimizers()
    if spoil is not None:
        for parameter in module.parameters():
            parameter.data[spoil] = float("nan")
    for update in range(3):
        inputs, targets = _batch(update)
        rows = slice(None) if only is None else slice(only, only + 1)
        module.update(optimizer, inputs[rows], targets[rows])
    return module


def _batch(number: int) -> tuple[Tensor, Tensor]:
    """Inputs (3, T, B, I) and, as targets (3, scored, B, O), the first features of the last steps."""
    draw = torch.Generator().manual_seed(number)
    members = len(BLUEPRINT.seeds)
    inputs = torch.randn(members, STEPS, BATCH, BLUEPRINT.inputs, generator=draw, dtype=torch.float64)
    return inputs, inputs[:, -SCORED:, :, : BLUEPRINT.outputs]
