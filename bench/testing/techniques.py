"""The contract of a technique."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import torch

from bench.batch import Batch
from bench.contract import Checks, first_fault, misspelt_name
from bench.engine.blueprint import Blueprint
from bench.engine.optimizer import keep_members
from bench.engine.probe import recorded, trajectories
from bench.portraits.unrolled import unrolled
from bench.techniques import contract
from bench.techniques.base import Technique
from bench.techniques.contract import EasyTask

STEPS, BATCH, SCORED = 12, 6, 2
BLUEPRINT = Blueprint(
    inputs=3, outputs=2, scored=SCORED, lag=STEPS, steps=STEPS, hidden_size=8, seeds=(1, 2, 1),
    learning_rates=(0.01, 0.01, 0.001),
)  # fmt: skip
TOLERANCE = 1e-9
"""Tolerance in double precision, for rounding alone."""


RATES = (0.003, 0.03, 0.3)
UPDATES = 100
LEARNT = 0.9
"""Share of the loss of the best constant answers above which nothing has been learnt from the inputs."""


def check_technique(technique_class: type[Technique]) -> None:
    """Raise AssertionError, saying what is wrong, unless the class keeps the contract of `Technique`."""
    fault = first_fault(technique_class, CHECKS)
    if fault:
        raise AssertionError(f"{technique_class.__name__}: {fault.sentence}.") from fault.cause


def _words(cls: type[Technique]) -> Iterator[str]:
    yield from misspelt_name(cls)
    if not (cls.__doc__ or "").strip():
        yield "there is no docstring: show its equation"


def _dials(cls: type[Technique]) -> Iterator[str]:
    for name, dial in cls.dials.items():
        value = dial.sweep[-1] if dial.sweep else dial.default
        module = _build(cls, replace(BLUEPRINT, dials={name: value}))
        if getattr(module, name) != value:
            yield f"setting the dial {name} to {value:g} has no effect"


def _drawn(cls: type[Technique]) -> Iterator[str]:
    """Its gradient can be followed back for a drawing."""
    unrolled(cls.name, cls, {name: dial.default for name, dial in cls.dials.items()})
    yield from ()


def _penalty(cls: type[Technique]) -> Iterator[str]:
    """It is one finite number a member, and training can follow it back."""
    if not cls.recording:
        return
    module = _build(cls)
    with recorded(module.layers) as histories:
        inputs, targets = _batch(0)
        module.task.loss(module(inputs), targets).sum().backward(retain_graph=True)
    given = module.penalty(trajectories(module.layers, histories, 1.0))
    if given is None:
        return
    if given.shape != (len(BLUEPRINT.seeds),):
        yield f"its `penalty` gives {tuple(given.shape)}, not one number per member, {(len(BLUEPRINT.seeds),)}"
    if not given.isfinite().all():
        yield "its `penalty` is not finite at the start"
    if not given.requires_grad:
        yield "its `penalty` depends on no parameter: a gradient is a constant, a state is not"


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
    """Members 0 and 2 differ by their rate alone: so do their first steps, before `after_update` bounds them."""
    start, module = _build(cls), _build(cls)
    module.after_update = lambda: None  # type: ignore[method-assign]
    inputs, targets = _batch(0)
    module.update(module.configure_optimizers(), inputs[[0, 0, 0]], targets[[0, 0, 0]])
    for old, new in zip(start.parameters(), module.parameters(), strict=True):
        moved = (new - old).detach()
        if not torch.allclose(moved[0] * 0.1, moved[2], rtol=1e-4, atol=TOLERANCE):
            yield (
                "a member's step is not in proportion to its learning rate: what bounds or projects parameters "
                "belongs into after_update"
            )
            return


def _leaving(cls: type[Technique]) -> Iterator[str]:
    """Check that the other members go on as before when one leaves the stack."""
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
    """Check that, at the best of several rates, one batch is fitted better than by answers that ignore the inputs."""
    blueprint = replace(BLUEPRINT, seeds=(1, 1, 1), learning_rates=tuple(cls.rate_factor * rate for rate in RATES))
    module = _build(cls, blueprint)
    optimizer = module.configure_optimizers()
    inputs, targets = (x[[0, 0, 0]] for x in _batch(0))
    for _ in range(UPDATES):
        losses, *_ = module.update(optimizer, inputs, targets)
    best = losses.nan_to_num(math.inf).min()
    constant = EasyTask().loss(targets.mean(2, keepdim=True), targets)[0]
    if not best < LEARNT * constant:
        yield (
            f"it does not learn: after {UPDATES} updates on one batch its loss is {best:.3g} at the best of several "
            f"rates, where constant answers reach {constant:.3g}"
        )


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


def _batch(number: int) -> Batch:
    """Inputs (3, T, B, I) and, as targets (3, scored, B, O), the first features of the last steps."""
    draw = torch.Generator().manual_seed(number)
    members = len(BLUEPRINT.seeds)
    inputs = torch.randn(members, STEPS, BATCH, BLUEPRINT.inputs, generator=draw, dtype=torch.float64)
    return Batch(inputs, inputs[:, -SCORED:, :, : BLUEPRINT.outputs])


CHECKS: Checks = {
    **contract.CHECKS,
    "reading its name and docstring": _words,
    "setting its dials": _dials,
    "looking at its penalty": _penalty,
    "training it among others": _independence,
    "taking a step": _rates,
    "going on with fewer members": _leaving,
    "learning one batch": _learning,
    "drawing it": _drawn,
}
