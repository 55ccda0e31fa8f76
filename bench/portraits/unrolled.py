"""Follows the gradient back through a technique's small, untrained network: the data of its drawing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from bench.engine.blueprint import Blueprint
from bench.engine.layer import Layer as EngineLayer
from bench.engine.probe import History, log_norms, recorded
from bench.engine.seeding import generator
from bench.portraits.model import How, Lane, Layer, TechniquePortrait, Wire
from bench.tasks.adding import Adding
from bench.techniques.base import Situation, Technique

STEPS, UNITS, SEEDS, SEQUENCES = 24, 32, (1, 2, 3, 4), 8
"""The network that is measured, on sequences of the adding problem, in double precision."""
NEARBY = 16
"""Sizes from that on that are tried, where a technique declines some."""
MOVED = 0.01
"""Standard deviation of the noise on weights where the kinds of ways are told."""
ROWS = 64
"""The most rows of a Jacobian from which the kind of a way is told."""
NEAREST = 5
"""Steps that are drawn."""
HOOKS = ("cell", "layers_of", "connect", "initialise", "accumulate", "penalty", "clip", "after_update")
"""Hooks that a technique may override, in the order in which they act; the baseline has but a cell."""
DECLARED = ("initialisation", "optimizer")
"""Attributes that change something where they are set."""


class Passed(NamedTuple):
    """A layer in a forward pass over a whole sequence, with the graph that made it."""

    below: Tensor
    """The sequences that it reads, (E, T, B, I)."""
    output: Tensor
    """The sequences that it gives, (E, T, B, H)."""
    history: History
    """Its states after each step; none if it has no steps."""


class Followed(NamedTuple):
    """The gradients of the loss at a layer, as the technique itself follows them back; None counts as zero."""

    below: list[Tensor | None]
    """The gradient at what it reads, by step."""
    output: list[Tensor | None]
    """The gradient at what it gives, by step."""
    states: list[list[Tensor | None]]
    """The gradient at each state, by step; none if it has no steps."""


def unrolled(name: str, cls: type[Technique], dials: dict[str, float]) -> TechniquePortrait:
    """The portrait of a technique by its canonical name. Raises whatever the technique does."""
    module = network(cls, dials)
    inputs, targets = sequences()
    own, plain = _followed(module, inputs, targets), _passed(module, inputs, targets)
    moved = _passed(_moved(cls, dials), inputs, targets)
    top = next((layer.states[0] for layer in reversed(own) if layer.states), own[-1].output)
    entry = log_norms(top[-1:], len(SEEDS))
    lanes = [_lanes(layer, found, entry) for layer, found in zip(module.layers, own, strict=True)]
    cut = _cut(lanes)
    shown = tuple(range(NEAREST)) if cut is None or cut < NEAREST else (0, 1, cut - 1, cut, cut + 1)
    layers = tuple(
        Layer(
            lanes=tuple(
                Lane(state=state, shares=_at(logs, shown), log10=_decimal(logs)) for state, logs in lanes[place].items()
            ),
            wires=tuple(_wires(layer, (plain[place].history, moved[place].history), own[place], entry, shown)),
            inputs=_at(_logs(own[place].below, entry), shown),
            skip=_skips(module, plain[place]),
        )
        for place, layer in enumerate(module.layers)
    )
    read = _decimal(_logs(own[0].below, entry))
    return TechniquePortrait(name=name, shown=shown, cut=cut, layers=layers, inputs=read, hooks=tuple(hooks(cls)))


def network(cls: type[Technique], dials: dict[str, float]) -> Technique:
    """The untrained network that is measured."""
    task = Adding()
    situation = Situation(task=task.name, lag=STEPS, steps=STEPS, hidden_size=UNITS, dials=dials)
    sizes = range(UNITS, UNITS + NEARBY)
    units = next((size for size in sizes if not cls.skip(replace(situation, hidden_size=size))), UNITS)
    blueprint = Blueprint(
        inputs=task.inputs, outputs=task.outputs, scored=1, lag=STEPS, steps=STEPS, hidden_size=units, seeds=SEEDS,
        learning_rates=(0.01,) * len(SEEDS), dials=dials,
    )  # fmt: skip
    return cls(blueprint, task).double()


def _moved(cls: type[Technique], dials: dict[str, float]) -> Technique:
    """The same network with weights a little off, so that what is diagonal is so for any weights."""
    module = network(cls, dials)
    noise = generator("portrait", "moved")
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=noise, dtype=parameter.dtype), alpha=MOVED)
    return module


def sequences() -> tuple[Tensor, Tensor]:
    """The inputs (E, T, B, I) and targets (E, 1, B), the same for all members."""
    inputs, targets = Adding().sample(generator("portrait", "unrolled"), SEQUENCES, STEPS, "test")
    members = len(SEEDS)
    return inputs.double().expand(members, *inputs.shape).clone(), targets.double().expand(members, *targets.shape)


def _followed(module: Technique, inputs: Tensor, targets: Tensor) -> list[Followed]:
    read = inputs.clone().requires_grad_()
    with recorded(module.layers) as histories, _watched(module.layers) as met:
        if type(module).accumulate is Technique.accumulate:
            module.full_bptt(read, targets)
        else:
            module.accumulate(read, targets)
    found = []
    for calls, history in zip(met, histories, strict=True):
        below, output = ([g for call in calls for g in _by_step(call[place])] for place in (0, 1))
        states = [[state.grad for state in states] for states in zip(*history, strict=True)]
        found.append(Followed(below, output, states))
    return found


def _by_step(tensor: Tensor) -> list[Tensor | None]:
    """The gradient (E, B, ·) at each step of what a layer read or gave in one call, (E, T, B, ·)."""
    steps = tensor.shape[1]
    return [None] * steps if tensor.grad is None else list(tensor.grad.unbind(1))


def _passed(module: Technique, inputs: Tensor, targets: Tensor) -> list[Passed]:
    with recorded(module.layers) as histories, _watched(module.layers) as met:
        module.task.loss(module(inputs.clone().requires_grad_()), targets)
    return [Passed(*calls[0], history) for calls, history in zip(met, histories, strict=True)]


@contextmanager
def _watched(layers: Sequence[EngineLayer]) -> Iterator[list[list[tuple[Tensor, Tensor]]]]:
    """Keep what each layer reads and gives within this context, call by call, with its gradients."""
    met: list[list[tuple[Tensor, Tensor]]] = [[] for _ in layers]

    def watch(place: int) -> Callable[..., None]:
        def keep(layer: EngineLayer, given: tuple[Tensor, ...], gives: tuple[Tensor, ...]) -> None:
            for tensor in (given[0], gives[0]):
                if tensor.requires_grad:
                    tensor.retain_grad()
            met[place].append((given[0], gives[0]))

        return keep

    with ExitStack() as watches:
        for place, layer in enumerate(layers):
            watches.enter_context(layer.register_forward_hook(watch(place)))
        yield met


# ---- shares of the gradient


def _lanes(layer: EngineLayer, found: Followed, entry: Tensor) -> dict[str, Tensor]:
    """The log-shares (T,) of each state of a layer; of one without steps, none."""
    return {state: _logs(steps, entry) for state, steps in zip(layer.states, found.states, strict=False)}


def _logs(gradients: Sequence[Tensor | None], entry: Tensor) -> Tensor:
    """Logarithms (T,) of the gradients' norms over that at the last step (E, 1), by lag back: means over members.

    If the gradient is 0 at the last step, that is all that can be said of it anywhere.
    """
    return torch.where(entry.isfinite(), log_norms(gradients, len(SEEDS)) - entry, -math.inf).mean(0).flip(0)


def _at(logs: Tensor, shown: Sequence[int]) -> tuple[float, ...]:
    """The shares at the lags that are shown."""
    return tuple(_share(logs[lag].item()) for lag in shown)


def _share(log: float) -> float:
    """A share from its logarithm, to three digits."""
    return float(f"{math.exp(log):.3g}")


def _decimal(logs: Tensor) -> tuple[float | None, ...]:
    """Decimal logarithms at all lags; None for an exact zero."""
    return tuple(round(log / math.log(10), 2) if math.isfinite(log) else None for log in logs.tolist())


def _cut(lanes: Sequence[dict[str, Tensor]]) -> int | None:
    """The first lag back at which all states of the lowest layer with steps lost their gradient in one step."""
    stepping = next((list(states.values()) for states in lanes if states), None)
    if stepping is None:
        return None
    alive = torch.stack(stepping).isfinite().any(0)
    return int((~alive).nonzero()[0]) if not alive.all() and alive[0] else None


# ---- the ways between states


def _wires(
    layer: EngineLayer, histories: tuple[History, History], own: Followed, entry: Tensor, shown: Sequence[int]
) -> Iterator[Wire]:
    """Every way by which a state reaches another within a step, or one step later, of those that are there.

    histories: of the network as it starts, and of one whose weights are a little off.
    """
    plain, moved = histories
    for end, name in enumerate(layer.states if plain else ()):
        for start, other in enumerate(layer.states):
            for back in (1, 0) if start != end else (1,):
                how = _how(moved, shown, (start, end, back))
                if how is not None:
                    shares = tuple(_carried(plain, own, entry, lag, (start, end, back)) for lag in shown)
                    yield Wire(start=other, end=name, back=back, how=how, shares=shares)


def _carried(history: History, own: Followed, entry: Tensor, lag: int, way: tuple[int, int, int]) -> float:
    """The share of the gradient that comes back on a way from a step."""
    start, end, back = way
    step = STEPS - 1 - lag
    arrived, left = own.states[end][step], own.states[start][step - back]
    with _way(history, step, way) as ends:
        passed = None if arrived is None or left is None else _pulled(*ends, arrived)
    return _share(_logs([passed], entry).item())


def _how(history: History, shown: Sequence[int], way: tuple[int, int, int]) -> How | None:
    """Tell the kind of a way from the Jacobians at the shown steps; None if it is none."""
    own, others, same = 0.0, 0.0, True
    for lag in shown:
        with _way(history, STEPS - 1 - lag, way) as (above, below):
            if _pulled(above, below, torch.ones_like(above)) is None:
                continue
            if above.shape != below.shape:
                return "matrix"
            diagonal, rest, ones = _parts(above, below)
            own, others, same = own + diagonal, others + rest, same and ones
    if not own + others:
        return None
    if others:
        return "mixed" if own > others else "matrix"
    return "unchanged" if same else "elementwise"


def _parts(above: Tensor, below: Tensor) -> tuple[float, float, bool]:
    """The squared norms of a Jacobian's diagonal and of what lies off it, and whether the diagonal is all 1.

    Of many units no more than ROWS are looked at, which are evenly spaced.
    """
    diagonal, rest, same = 0.0, 0.0, True
    units = torch.eye(above[0, 0].numel(), dtype=above.dtype)
    for unit in units[:: math.ceil(len(units) / ROWS)].view(-1, *above.shape[2:]):
        row = _pulled(above, below, unit.expand_as(above))
        if row is None:
            same = False
            continue
        here = row * unit
        diagonal += torch.linalg.vector_norm(here).item() ** 2
        rest += torch.linalg.vector_norm(row - here).item() ** 2
        same = same and bool((here == unit).all())
    return diagonal, rest, same


@contextmanager
def _way(history: History, step: int, way: tuple[int, int, int]) -> Iterator[tuple[Tensor, Tensor]]:
    """The two ends of a way into a step; no gradient goes through other states of these steps within this context."""
    start, end, back = way
    above, below = history[step], history[step - back]
    ends = above[end], below[start]
    with _held(state for state in (*above, *below) if all(state is not one for one in ends)):
        yield ends


@contextmanager
def _held(states: Iterable[Tensor]) -> Iterator[None]:
    """No gradient goes through these states within this context."""
    handles = [state.register_hook(torch.zeros_like) for state in states if state.requires_grad]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _pulled(above: Tensor, below: Tensor, gradient: Tensor) -> Tensor | None:
    """The gradient that comes back from one state to another."""
    if above is below or not above.requires_grad:
        return None
    (found,) = torch.autograd.grad(above, below, gradient, retain_graph=True, allow_unused=True)
    return None if found is None or not found.any() else found


def _skips(module: Technique, plain: Passed) -> bool:
    """Return True if what a layer reads is passed on beside what it gives."""
    below, output = (tensor.detach().requires_grad_() for tensor in (plain.below, plain.output))
    joined = module.connect(below, output)
    (found,) = torch.autograd.grad(joined.real.sum(), below, allow_unused=True)
    return found is not None and bool(found.any())


def hooks(cls: type[Technique]) -> Iterator[str]:
    """The hooks that a technique overrides, and the attributes that it sets."""
    for name in HOOKS:
        if getattr(cls, name) is not getattr(Technique, name) and name != "cell":
            yield name
    for name in DECLARED:
        if getattr(cls, name) is not None:
            yield name
