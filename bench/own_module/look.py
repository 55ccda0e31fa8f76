"""Finds out what a module is by calling it: a cell or a map of sequences, and what `vmap` makes of it."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from bench.engine.own_module import Make, OwnCell, OwnSequence, as_states, built
from bench.errors import BenchError

INPUTS, UNITS, BATCH, STEPS, MEMBERS = 5, 12, 3, 7, 2
CLOSE = 1e-5


class Found(NamedTuple):
    """The answers of a module that was tried."""

    widths: tuple[float, ...]
    """Sizes of a cell's states, in units; empty for a map of sequences."""
    together: bool
    notes: list[str]
    """Sentences for its author."""


def look(make: Make, name: str) -> Found:
    """Try a module at a tiny size. Raises BenchError, in one sentence, if it is of no kind that can be trained."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return _look(_first(make, name), make, name)


def _look(module: nn.Module, make: Make, name: str) -> Found:
    """Try a module that could be made."""
    widths, as_cell = _cell(module)
    if widths is None:
        as_sequence = _sequence(module)
        if as_sequence:
            raise BenchError(
                f"{name} is neither a map of sequences nor a cell: with x (batch {BATCH}, steps {STEPS}, features "
                f"{INPUTS}) {as_sequence}; with x ({BATCH}, {INPUTS}) and a state ({BATCH}, {UNITS}) {as_cell}."
            )
    found = () if widths is None else tuple(width / UNITS for width in widths)
    together, why = _together(make, found, name)
    notes = [] if together else [f"{name}: its members train one after the other, because {why}."]
    return Found(found, together, notes + ([] if found else _ahead(module, name)))


def _first(make: Make, name: str) -> nn.Module:
    """A module of the tiny size."""
    try:
        module = built(make, INPUTS, UNITS, 1)
    except Exception as error:  # a user's code may raise whatever it likes
        raise BenchError(
            f"{name}({INPUTS}, {UNITS}) cannot be made: {_said(error)}; it is called with the features of an input and "
            "the units, as torch.nn.RNN is."
        ) from error
    if not isinstance(module, nn.Module):
        raise BenchError(f"{name}({INPUTS}, {UNITS}) gives {type(module).__name__}, not a torch.nn.Module.")
    return module


@torch.no_grad()
def _cell(module: nn.Module) -> tuple[list[int] | None, str]:
    """The sizes of a cell's states, or None and why it is no cell."""
    x, why = torch.randn(BATCH, INPUTS), ""
    zeros = [torch.zeros(BATCH, UNITS) for _ in range(2)]
    for start in (zeros[0], tuple(zeros), None):
        try:
            states = as_states(module(x, start))
            again = as_states(module(x, states[0] if len(states) == 1 else states))
        except Exception as error:
            why = why or f"it raises {_said(error)}"
            continue
        shapes = [s.shape if isinstance(s, Tensor) else None for s in states]
        flat = all(s is not None and len(s) == 2 and s[0] == BATCH for s in shapes)
        if flat and shapes[0] == (BATCH, UNITS) and [s.shape for s in again] == shapes:
            return [s.shape[1] for s in states], ""
        why = why or f"it gives {shapes[0] and tuple(shapes[0])}"
    return None, why


@torch.no_grad()
def _sequence(module: nn.Module) -> str:
    """Say what is wrong with a map of sequences; nothing if it is one."""
    try:
        given: Any = module(torch.randn(BATCH, STEPS, INPUTS))
    except Exception as error:
        return f"it raises {_said(error)}"
    outputs = given if isinstance(given, Tensor) else given[0] if isinstance(given, tuple | list) else None
    if not isinstance(outputs, Tensor):
        return f"it gives {type(given).__name__}"
    if outputs.shape != (BATCH, STEPS, UNITS):
        return f"it gives {tuple(outputs.shape)}, not ({BATCH}, {STEPS}, {UNITS})"
    return ""


def _together(make: Make, widths: tuple[float, ...], name: str) -> tuple[bool, str]:
    """Find out if `vmap` gives what members give one by one, and if not why."""
    x, found = torch.randn(MEMBERS, STEPS, BATCH, INPUTS), []
    for together in (False, True):
        layer = _layer(make, widths, together)
        for member in range(MEMBERS):
            layer.reset(member, partial(_seeded, member), "default")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error" if together else "ignore")  # of what vmap itself would run one by one
                outputs = layer(x)[0]
                outputs.square().sum().backward()
        except Exception as error:
            if together:
                return False, f"vmap cannot follow it ({_said(error).partition('.')[0]})"
            raise BenchError(f"{name} cannot be followed back: {_said(error)}.") from error
        found.append([outputs.detach(), *(p.grad for p in layer.parameters() if p.grad is not None)])
        if not together and not torch.equal(layer(x)[0], outputs):
            raise BenchError(
                f"{name} gives other outputs when it is called again: draw no random numbers as it runs (set "
                "dropout to 0), and keep no state from one call to the next."
            )
    close = len(found[0]) == len(found[1]) and all(
        torch.allclose(a, b, rtol=1e-3, atol=CLOSE) for a, b in zip(*found, strict=True)
    )
    return close, "vmap gives other numbers"


def _seeded(seed: int, name: str) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _layer(make: Make, widths: tuple[float, ...], together: bool) -> OwnCell | OwnSequence:
    if widths:
        return OwnCell(MEMBERS, INPUTS, UNITS, make, together, widths=[round(UNITS * width) for width in widths])
    return OwnSequence(MEMBERS, INPUTS, UNITS, make, together)


def _ahead(module: nn.Module, name: str) -> list[str]:
    """A sentence, if an output depends on later inputs."""
    x = torch.randn(BATCH, STEPS, INPUTS, requires_grad=True)
    outputs = module(x)
    outputs = outputs if isinstance(outputs, Tensor) else outputs[0]
    (gradient,) = torch.autograd.grad(outputs[:, STEPS // 2].sum(), x)
    if not gradient[:, STEPS // 2 + 1 :].any():
        return []
    return [f"{name} looks ahead: its outputs depend on later inputs, which gives tasks away that ask at every step."]


def _said(error: BaseException) -> str:
    """The kind and the words of an error in the module's code."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:200].rstrip(".: ")
