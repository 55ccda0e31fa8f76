"""Checks a technique's contract in a tiny network, within milliseconds, before anything trains.

Authors hear of a fault before anything trains. No optimiser steps here, and no backward pass is asked for:
whether it trains as it should `bench.testing.check_technique` says, which begins with these same checks.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import get_args

import torch
from torch import Tensor, nn

from bench.contract import Checks, missing_words, not_text
from bench.engine import clipping
from bench.engine.blueprint import Blueprint
from bench.engine.layer import Initialisation, Layer
from bench.engine.optimizer import OPTIMIZERS
from bench.engine.recurrence import Recurrence
from bench.engine.stack import Stack
from bench.techniques.base import Situation, Technique

WORDS = ("name", "title", "family", "changes", "reference")
TAKEN = ("x", "cell")
"""Quantities that a probe follows beside the states: the input, and a cell state along itself."""
BATCH = 7
TINY = Blueprint(
    inputs=5, outputs=4, scored=2, lag=23, steps=23, hidden_size=16, seeds=(1, 2, 1),
    learning_rates=(0.01, 0.01, 0.001),
)  # fmt: skip
"""Sizes differ, so that no axis passes for another one."""
ORDINARY = replace(TINY, lag=101, steps=101, hidden_size=32)
"""A larger setting for techniques that decline the tiny one."""


class EasyTask:
    """Give the first features of the last inputs back, as numbers."""

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The mean squared error of each member, (E,)."""
        return (outputs - targets).square().flatten(1).mean(1)

    def metric(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The loss itself."""
        return self.loss(outputs, targets)


def _words(cls: type[Technique]) -> Iterator[str]:
    yield from missing_words(cls, WORDS)
    yield from not_text(cls, ("called",))
    if not (isinstance(cls.rate_factor, int | float) and cls.rate_factor > 0):
        yield f"rate_factor is {cls.rate_factor!r}, not a positive number"
    if not isinstance(cls.parameter_rates, Mapping) or not all(f > 0 for f in cls.parameter_rates.values()):
        yield f"parameter_rates is {cls.parameter_rates!r}, not positive factors by the parameters' names"


def _declared(cls: type[Technique]) -> Iterator[str]:
    for word, known in (("optimizer", [*OPTIMIZERS]), ("initialisation", [*get_args(Initialisation)])):
        value = getattr(cls, word)
        if value is not None and value not in known:
            yield f"{word} is {value!r}: write one of {', '.join(known)}, or leave it out to keep the protocol's"


def _penalty(cls: type[Technique]) -> Iterator[str]:
    if cls.recording and cls.accumulate is not Technique.accumulate:
        yield (
            "it has both `accumulate` and `penalty`, but a penalty works only with full back-propagation: remove one "
            "of them"
        )


def _written(cls: type[Technique]) -> Iterator[str]:
    missing = sorted(getattr(cls, "__abstractmethods__", ()))
    if missing:
        yield (
            f"it does not define {' and '.join(missing)}: return a bench.engine.recurrence.Recurrence from `cell`, or "
            f"subclass bench.techniques.tanh_network.TanhNetwork to keep the baseline's"
        )


def _dials(cls: type[Technique]) -> Iterator[str]:
    for name, dial in cls.dials.items():
        if not all(dial.allows(value) for value in (dial.default, *dial.sweep)):
            yield f"the dial {name} has a value that is not {dial.range}"


def _constructor(cls: type[Technique]) -> Iterator[str]:
    for base in cls.__mro__[: cls.__mro__.index(Technique)]:
        if issubclass(base, nn.Module) and not issubclass(base, Technique):
            yield (
                f"it subclasses {base.__name__} as well as Technique: a technique has layers but is not one; "
                f"write a bench.engine.recurrence.Recurrence and return it in `cell`"
            )
    try:
        inspect.signature(cls).bind(TINY, EasyTask())
    except TypeError:
        own = "a dataclass, whose __init__" if dataclasses.is_dataclass(cls) else "one whose __init__"
        yield (
            f"it is {own} does not take (blueprint, task) as Technique's does: make its numbers dials, for example "
            f"share = Dial(0.1)"
        )


def _start(cls: type[Technique]) -> Iterator[str]:
    blueprint = tiny_setting(cls)
    if blueprint is None:
        return
    with _random_state_kept() as untouched, _unset_is_not_a_number():
        module, again, fewer = (
            cls(blueprint, EasyTask()),
            cls(blueprint, EasyTask()),
            cls(first(blueprint, 2), EasyTask()),
        )
        drawn_elsewhere = not untouched()
    yield from _axes(module, fewer)
    yield from _types(module)
    if drawn_elsewhere:
        yield "initialising uses the global random state, not the generators given"
    yield from _draws([p.detach() for p in module.parameters()], [p.detach() for p in again.parameters()])
    known = {name.rpartition(".")[-1] for name, _ in module.named_parameters()}
    for name in sorted(set(cls.parameter_rates) - known):
        yield f"parameter_rates names '{name}', but its parameters are called {', '.join(sorted(known))}"


def _axes(module: Technique, fewer: Technique) -> Iterator[str]:
    """Every parameter has the members first, whatever other sizes there are; nothing else has them."""
    counts = len(module.blueprint.seeds), len(fewer.blueprint.seeds)
    for name, tensor in module.named_parameters():
        if (tensor.shape[:1], fewer.get_parameter(name).shape[:1]) != ((counts[0],), (counts[1],)):
            yield (
                f"its parameter {name} is {tuple(tensor.shape)} for {counts[0]} members: members must be the first "
                f"axis of every parameter, for example torch.empty(members, …); parameters cannot be shared"
            )
    others = dict(fewer.stack.named_buffers())
    for name, buffer in module.stack.named_buffers():
        if buffer.dim() and (buffer.shape[0], others[name].shape[0]) == counts:
            yield (
                f"its buffer {name} has the members as its first axis, but members leave the stack when they have "
                f"finished: make it an nn.Parameter with requires_grad=False"
            )


def _types(module: Technique) -> Iterator[str]:
    for name, parameter in module.named_parameters():
        if parameter.dtype != torch.float32:
            yield (
                f"its parameter {name} is {str(parameter.dtype).removeprefix('torch.')}: parameters must be "
                f"float32; store a complex one as two, its real and imaginary parts"
            )


def _draws(drawn: list[Tensor], again: list[Tensor]) -> Iterator[str]:
    """Members 0 and 2 are of one seed, member 1 is of another."""
    if not all(p.isfinite().all() for p in drawn):
        yield "a parameter is not finite at the start, or was never initialised: `reset` must set every parameter"
    if not all(torch.equal(a, b) for a, b in zip(drawn, again, strict=True)):
        yield "equal seeds give different weights"
    if not all(torch.equal(p[0], p[2]) for p in drawn):
        yield "two members with the same seed start from different weights"
    if all(torch.equal(p[0], p[1]) for p in drawn):
        yield "two members with different seeds start from the same weights"


def _runs(cls: type[Technique]) -> Iterator[str]:
    blueprint = tiny_setting(cls)
    if blueprint is None:
        return
    with _random_state_kept(), torch.no_grad():
        for dtype in (torch.float64, torch.float32):  # gradients are followed in the one, training is in the other
            module = _without_kernels(cls(blueprint, EasyTask()).to(dtype))
            yield from _shapes(module, _inputs(module, BATCH, dtype))
        single = _without_kernels(cls(first(blueprint, 1), EasyTask()))
        yield from _shapes(single, _inputs(single, 1, torch.float32))
        yield from _coupling(cls(blueprint, EasyTask()).double())


def _shapes(module: Technique, inputs: Tensor) -> Iterator[str]:
    if type(module).body is Stack.body:
        yield from _layers(module, inputs)
    outputs = module(inputs)
    blueprint = module.blueprint
    wanted = (len(blueprint.seeds), blueprint.scored, inputs.shape[2], blueprint.outputs)
    if outputs.shape != wanted:
        yield f"its output is {tuple(outputs.shape)}, not (members, scored, batch, outputs) = {wanted}"
    if not outputs.isfinite().all():
        yield "its output is not finite at the start"
    if module.parameters_each < 1 or module.state_each < 1:
        yield "parameters_each and state_each must count something"


def _layers(module: Technique, inputs: Tensor) -> Iterator[str]:
    """Check every layer's output, from the input up."""
    below = inputs
    for depth, layer in enumerate(module.layers):
        who = f"layer {depth}, {type(layer).__name__},"
        yield from _states(who, layer)
        if isinstance(layer, Recurrence) and type(layer).fallback is Recurrence.fallback:
            yield from _step(who, layer, below)
        given = layer(below)
        if not (isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], tuple)):
            yield f"{who} does not give a pair: its outputs, and the tuple of its last states"
        if given[0].shape[:3] != below.shape[:3]:
            yield (
                f"{who} gives {tuple(given[0].shape)} for inputs {tuple(below.shape)}: both are (members, steps, "
                f"batch, ·)"
            )
        if given[0].is_complex():
            yield f"{who} gives complex outputs: turn its states into real outputs in `read`"
        below = module.connect(below, given[0])
    wanted = (*inputs.shape[:3], module.blueprint.hidden_size)
    if below.shape != wanted:
        yield f"its top layer gives {tuple(below.shape)}, not (members, steps, batch, units) = {wanted}"


def _states(who: str, layer: Layer) -> Iterator[str]:
    """Their names stand in the tables beside `x` and `cell`."""
    names = layer.states
    if len(set(names)) < len(names) or not all(n.isidentifier() and n not in TAKEN for n in names):
        yield f"{who} calls its states {', '.join(names)}: give each its own name, other than {' and '.join(TAKEN)}"
    if layer.cell_state not in (None, *names):
        yield f"{who} names the cell state {layer.cell_state}, but its states are {', '.join(names)}"


def _step(who: str, layer: Recurrence, below: Tensor) -> Iterator[str]:
    state = layer.start(below)
    after = layer.step(layer.drive(below)[:, 0], state)
    if not isinstance(after, tuple) or len(after) != len(layer.states):
        given = f"{len(after)} states" if isinstance(after, tuple) else f"a {type(after).__name__}"
        yield f"{who} gives {given} after a step, not a tuple of its states ({', '.join(layer.states)})"
    for name, s, old in zip(layer.states, after, state, strict=True):
        if s.shape != old.shape:
            yield f"{who} has the state {name} as {tuple(s.shape)} after a step, and as {tuple(old.shape)} before it"
        if s.is_complex() != old.is_complex():
            yield f"{who} has the complex state {name}: set complex_states = True in its class"


def _coupling(module: Technique) -> Iterator[str]:
    """Check that nothing computed for one member reaches another."""
    for parameter in module.parameters():
        parameter[1] = math.nan
    outputs = module(_inputs(module, BATCH, torch.float64))
    if not outputs[[0, 2]].isfinite().all():
        yield "its members are coupled: what one computes depends on another's parameters"


def _clips(cls: type[Technique]) -> Iterator[str]:
    """Check that a member's clipped gradients do not depend on those of other members."""
    blueprint = tiny_setting(cls)
    if blueprint is None:
        return
    found = []
    for others in (1.0, 1000.0):
        module = cls(blueprint, EasyTask()).double()
        draw = torch.Generator().manual_seed(1)
        gradients = []
        for parameter in filter(lambda p: p.requires_grad, module.parameters()):
            parameter.grad = torch.randn(parameter.shape, generator=draw, dtype=torch.float64)
            parameter.grad[1] *= others
            gradients.append(parameter.grad)
        acted = module.clip(gradients, clipping.global_norm(gradients))
        if acted is not None and (not isinstance(acted, Tensor) or acted.shape != (len(blueprint.seeds),)):
            yield "its `clip` gives neither None nor which members were clipped, (members,)"
        found.append([gradient[[0, 2]] for gradient in gradients])
    if not all(torch.allclose(a, b, equal_nan=True) for a, b in zip(*found, strict=True)):
        yield (
            "its `clip` scales a member's gradients by those of others: clip each by its own norm, which is given "
            "to it as norms (members,)"
        )


def _inputs(module: Technique, batch: int, dtype: torch.dtype) -> Tensor:
    blueprint = module.blueprint
    draw = torch.Generator().manual_seed(1)
    return torch.randn(len(blueprint.seeds), blueprint.steps, batch, blueprint.inputs, generator=draw, dtype=dtype)


def _without_kernels(module: Technique) -> Technique:
    """The module by torch's operations alone: kernels would first have to be compiled, which takes seconds."""
    for layer in module.layers:
        if isinstance(layer, Recurrence):
            layer.native = lambda: None  # type: ignore[method-assign]
    return module


def tiny_setting(cls: type[Technique]) -> Blueprint | None:
    """A small setting that the technique does not decline, if there is one."""
    dials = {name: dial.read(dial.default) for name, dial in cls.dials.items()}
    for blueprint in (TINY, ORDINARY):
        sizes = {"lag": blueprint.lag, "steps": blueprint.steps, "hidden_size": blueprint.hidden_size}
        if cls.skip(Situation(task="adding", dials=dials, **sizes)) is None:
            return blueprint
    return None


def first(blueprint: Blueprint, members: int) -> Blueprint:
    """Return the blueprint of the first `members` members alone."""
    return replace(blueprint, seeds=blueprint.seeds[:members], learning_rates=blueprint.learning_rates[:members])


@contextmanager
def _random_state_kept() -> Iterator[Callable[[], bool]]:
    """Restore the global random state after this context, and yield a function that says if it was left alone."""
    with torch.random.fork_rng(devices=[]):
        before = torch.get_rng_state()
        yield lambda: torch.equal(before, torch.get_rng_state())


@contextmanager
def _unset_is_not_a_number() -> Iterator[None]:
    """Fill torch.empty with NaN in this context, so that parameters that nothing initialises are noticed."""
    was, warned = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(was, warn_only=warned)


CHECKS: Checks = {
    "reading its attributes": _words,
    "looking for its methods": _written,
    "reading what it declares": _declared,
    "looking for a penalty": _penalty,
    "reading its dials": _dials,
    "looking at its constructor": _constructor,
    "building it for a few members": _start,
    "running it on a few sequences": _runs,
    "clipping made-up gradients": _clips,
}
