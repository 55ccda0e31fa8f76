"""What a technique is: the baseline's training, with one thing left for a subclass to change."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Protocol

import pytorch_lightning as pl
import torch
from torch import Generator, Tensor, nn
from torch.optim import Optimizer

from bench.engine import clipping
from bench.engine.elman import Elman
from bench.engine.layer import Initialisation, Layer, State
from bench.engine.linear import StackedLinear
from bench.engine.memory import BUDGET, narrowed, parts
from bench.engine.optimizer import RATE_FACTOR, keep_members, step_members, unit_rate_optimizer
from bench.engine.recurrence import Recurrence
from bench.engine.seeding import generator
from bench.errors import BenchError
from bench.own_files import WithFiles

EVALUATED_AT_ONCE = 128
"""The most held-out sequences a forward pass: more would not speed it up."""


class Objective(Protocol):
    """What a technique needs to know of a task."""

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor: ...
    def metric(self, outputs: Tensor, targets: Tensor) -> Tensor: ...


class Dial:
    """A technique's own number: its default, and further values worth a look; on an instance it reads as a float.

    least: the smallest value that makes sense; None if it must be positive.
    """

    def __init__(self, default: float, sweep: tuple[float, ...] = (), least: float | None = None) -> None:
        self.default, self.sweep, self.least = default, sweep, least

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Technique | None, owner: type) -> Any:
        return self if instance is None else instance.blueprint.dials.get(self.name, self.default)

    def allows(self, value: float) -> bool:
        """Whether it may be set so: finite, and above 0 or from `least` on."""
        return math.isfinite(value) and (value > 0 if self.least is None else value >= self.least)


@dataclass(frozen=True)
class Blueprint:
    """The sizes and choices that the protocol and the task hand to a technique."""

    inputs: int
    outputs: int
    scored: int
    """Steps at the end of a sequence that are scored."""
    lag: int
    steps: int
    """Of a whole sequence, as in `Situation`: for weights at the start that depend on how long a state is to last."""
    hidden_size: int
    seeds: tuple[int, ...]
    """One a member: initial weights depend on it, and nothing else does."""
    learning_rates: tuple[float, ...]
    """One a member."""
    optimizer: str = "adam"
    clip_norm: float | None = None
    initialisation: Initialisation = "default"
    recurrent_gain: float = 1.0
    """What recurrent weights are multiplied by once they are drawn; 1 but where gradients are to explode."""
    dials: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Situation:
    """What `Technique.skip` may look at."""

    task: str
    lag: int
    steps: int
    """Of a whole sequence."""
    hidden_size: int
    dials: Mapping[str, float]


@dataclass
class Block:
    """The sequences of the updates between two evaluations: one Lightning batch.

    inputs (K, S, T, B, I) and targets (K, S, scored, B, …): K updates, S seeds.
    """

    inputs: Tensor
    targets: Tensor

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """What each update in turn trains on: inputs (S, T, B, I) and targets (S, scored, B, …)."""
        return zip(self.inputs, self.targets, strict=True)


class Technique(WithFiles, pl.LightningModule):
    """E members of one technique, trained side by side. This class by itself is the baseline's body and training.

    A subclass sets the class attributes and overrides one of: `cell` (the recurrence), `layers_of` and `connect`
    (depth), `initialise` (weights), `clip` (gradients), `accumulate` (how gradients come about) or `after_step` (what
    weights have to keep).
    """

    name: ClassVar[str]
    """How the command line calls it."""
    title: ClassVar[str]
    """How a figure calls it."""
    family: ClassVar[str]
    """Techniques of a family stand together."""
    source_row: ClassVar[str | None] = None
    """Its row in the source's table, if any: gated, relu, clipping, residual, truncated."""
    changes: ClassVar[str]
    """The one thing it changes against the baseline."""
    reference: ClassVar[str]
    """The paper that it is built to."""
    rate_factor: ClassVar[float] = 1.0
    """Its learning rates are the protocol's times this: as many as all others', on its optimiser's scale."""
    parameter_rates: ClassVar[Mapping[str, float]] = {}
    """Factors on the learning rate of single parameters, by the last part of their name: {"decay": 0.1}."""
    dials: ClassVar[dict[str, Dial]] = {}
    """Its dials by name; collected from the class body."""

    budget: float = BUDGET
    """Bytes that it may work with at once: members, and where one has too many its sequences, take turns."""

    rows: Tensor
    """(E,): which of the distinct seeds is each member's."""
    rates: Tensor
    """(E,): learning rates."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.dials = {**cls.dials, **{k: v for k, v in vars(cls).items() if isinstance(v, Dial)}}

    def __init__(self, blueprint: Blueprint, task: Objective) -> None:
        super().__init__()
        self.automatic_optimization = False  # a learning rate and a clipping of its own for each member
        self.blueprint, self.task = blueprint, task
        self._floats: dict[torch.dtype, int] = {}
        layers = self.layers_of(len(blueprint.seeds), blueprint.inputs, blueprint.hidden_size)
        self.stack = nn.ModuleList(map(_layer, layers))
        self.readout = StackedLinear(len(blueprint.seeds), blueprint.hidden_size, blueprint.outputs)
        for member, seed in enumerate(blueprint.seeds):
            self.initialise(member, seed)
        distinct = list(dict.fromkeys(blueprint.seeds))
        self.register_buffer("rows", torch.tensor([distinct.index(s) for s in blueprint.seeds]))
        self.register_buffer("rates", torch.tensor(blueprint.learning_rates))

    # ---- what a subclass may change

    @classmethod
    def skip(cls, situation: Situation) -> str | None:
        """Why this technique cannot do a setting: a sentence for the report; None if it can."""
        return None

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        """The recurrence of one layer."""
        return Elman(members, inputs, hidden)

    def layers_of(self, members: int, inputs: int, hidden: int) -> Sequence[Layer]:
        """The layers from the input up."""
        return [self.cell(members, inputs, hidden)]

    def connect(self, below: Tensor, output: Tensor) -> Tensor:
        """What goes up from a layer that read `below` and gave `output`, (E, T, B, ·) each."""
        return output

    def initialise(self, member: int, seed: int) -> None:
        """Draw one member's parameters; equal seeds give equal weights wherever shapes agree."""
        for depth, layer in enumerate(self.layers):

            def named(name: str, depth: int = depth) -> Generator:
                return generator("weights", seed, depth, name)

            layer.reset(member, named, self.blueprint.initialisation)
            weight = getattr(layer, "recurrent_weight", None)  # a layer need not have one
            if weight is not None:
                weight.data[member] *= self.blueprint.recurrent_gain
        self.readout.reset(member, generator("weights", seed, "readout"))

    def clip(self, gradients: list[Tensor], norms: Tensor) -> Tensor | None:
        """Clip in place, after the backward pass; returns which members were clipped (E,), None if it never clips.

        Here: by norm if the protocol says so.
        """
        limit = self.blueprint.clip_norm
        return None if limit is None else clipping.clip_by_norm(gradients, norms, limit)

    def accumulate(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Leave the gradients of one batch in the parameters; return each member's loss (E,). Here: full BPTT.

        The stack may be some of the members: they take turns where all are too many for the memory.
        """
        members, steps, batch, _ = inputs.shape
        at_once = self.budget / (members * self.bytes_each(steps, inputs.dtype))
        if at_once >= batch:
            losses = self.task.loss(self(inputs), targets)
            losses.backward(torch.ones_like(losses))  # members share no parameter: each gradient is its own
            return losses.detach()
        total = inputs.new_zeros(members)
        for part in parts(batch, at_once):  # the loss is a mean over sequences, so that gradients add up
            share = (part.stop - part.start) / batch
            losses = self.task.loss(self(inputs[:, :, part]), targets[:, :, part]) * share
            losses.sum().backward()
            total += losses.detach()
        return total

    def after_step(self) -> None:
        """Put the parameters (E, …) back in place to where they may be, after each step of the optimiser.

        As a projection, or a bound on recurrent weights. No gradient is followed here. A member that diverges holds
        not-a-number until the next evaluation, which must neither raise an error nor reach the others.
        """

    # ---- the same for all

    @cached_property
    def layers(self) -> list[Layer]:
        """The layers from the input up."""
        return [layer for layer in self.stack if isinstance(layer, Layer)]

    @cached_property
    def _parameter_list(self) -> list[nn.Parameter]:
        """All parameters: looking for them takes longer than some updates' arithmetic."""
        return list(self.parameters())

    @property
    def optimizer(self) -> Optimizer:
        """The optimiser that the Trainer holds, without Lightning's wrapper."""
        found = self.optimizers(use_pl_optimizer=False)
        assert isinstance(found, Optimizer)
        return found

    def body(
        self, inputs: Tensor, states: list[State] | None = None, last: int | None = None
    ) -> tuple[Tensor, list[State]]:
        """inputs (E, T, B, I) → the top layer's outputs (E, T, B, H), of the `last` steps if that is said, and each
        layer's last state."""
        ends: list[State] = []
        layers = self.layers
        for depth, layer in enumerate(layers):
            state = None if states is None else states[depth]
            if last is not None and layer is layers[-1] and isinstance(layer, Recurrence):
                output, end = layer(inputs, state, last)
            else:
                output, end = layer(inputs, state)
            inputs = self.connect(inputs[:, -output.shape[1] :], output)
            ends.append(end)
        if last is None or last == inputs.shape[1]:
            return inputs, ends
        return inputs[:, -last:], ends

    def forward(self, inputs: Tensor) -> Tensor:
        """inputs (E, T, B, I) → what is scored (E, scored, B, O)."""
        features, _ = self.body(inputs, last=self.blueprint.scored)
        return self.readout(features)

    def configure_optimizers(self) -> Optimizer:
        """Torch's optimiser at rate 1: `update` gives each member its own."""
        groups: dict[float, list[nn.Parameter]] = {}
        for name, parameter in self.named_parameters():
            factor = self.parameter_rates.get(name.rpartition(".")[-1], 1.0)
            groups.setdefault(factor, []).append(parameter)
        return unit_rate_optimizer(
            self.blueprint.optimizer, [{"params": group, RATE_FACTOR: factor} for factor, group in groups.items()]
        )

    def training_step(self, block: Block, index: int) -> dict[str, Tensor]:
        """One block of updates; returns `losses`, `norms` (before clipping) and `clipped`, (K, E) each."""
        optimizer = self.optimizer
        own = self.rows.tolist() == list(range(block.inputs.shape[1]))  # a seed a member: nothing need be gathered
        records = [
            self.update(optimizer, *(x if own else x.index_select(0, self.rows) for x in batch))
            for batch in block.batches()
        ]
        return dict(zip(("losses", "norms", "clipped"), map(torch.stack, zip(*records, strict=True)), strict=True))

    def update(self, optimizer: Optimizer, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """One optimiser step: inputs (E, T, B, I), targets (E, scored, B) → loss, norm, clipped; (E,) each."""
        for p in self._parameter_list:  # as the optimiser's zero_grad, which takes longer
            p.grad = None
        losses = self._accumulate_in_turns(inputs, targets)
        gradients = [p.grad for p in self._parameter_list if p.grad is not None]
        norms = clipping.global_norm(gradients)
        acted = self.clip(gradients, norms)
        step_members(optimizer, self.rates)
        with torch.no_grad():
            self.after_step()
        return losses, norms, torch.zeros_like(norms, dtype=torch.bool) if acted is None else acted

    def _accumulate_in_turns(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """`accumulate`, by as many members at once as the budget holds: in an ordinary setting all."""
        members, steps, batch, _ = inputs.shape
        groups = parts(members, self.budget / (batch * self.bytes_each(steps, inputs.dtype)))
        if len(groups) == 1:
            return self.accumulate(inputs, targets)
        losses, pieces = [], []
        parameters = self._parameter_list
        for group in groups:
            with narrowed(parameters, group):
                losses.append(self.accumulate(inputs[group], targets[group]))
                pieces.append([p.grad for p in parameters])
        for p, gradients in zip(parameters, zip(*pieces, strict=True), strict=True):
            found = [g for g in gradients if g is not None]
            p.grad = torch.cat(found) if found else None  # all of a parameter's members have one, or none
        return torch.cat(losses)

    def evaluate(self, inputs: Tensor, targets: Tensor, members: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Loss and metric of each member, (E,) each, on held-out inputs (S, T, N, I), targets (S, scored, N).

        members: the indices of those who are wanted, if not all.
        """
        members = torch.arange(len(self.rows), device=self.rows.device) if members is None else members
        _, steps, count, _ = inputs.shape
        each = self.bytes_each(steps, inputs.dtype)
        at_once = min(count, EVALUATED_AT_ONCE, max(1, self.budget // each))
        groups = [members[part] for part in parts(len(members), self.budget / (at_once * each))]
        losses, metrics = zip(*(self._evaluate(g, parts(count, at_once), inputs, targets) for g in groups), strict=True)
        return torch.cat(losses), torch.cat(metrics)

    def _evaluate(
        self, members: Tensor, sequences: list[slice], inputs: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor]:
        """`evaluate` for some members, so many sequences at a time: the means over all of them."""
        total = torch.zeros(2, len(members), device=inputs.device)
        rows, count = self.rows[members], inputs.shape[2]
        with narrowed(self._parameter_list, members), torch.inference_mode():
            for part in sequences:
                outputs, right = self(inputs[:, :, part][rows]), targets[:, :, part][rows]
                found = torch.stack((self.task.loss(outputs, right), self.task.metric(outputs, right)))
                total += found * ((part.stop - part.start) / count)
        losses, metrics = total
        return losses, metrics

    def bytes_each(self, steps: int, dtype: torch.dtype) -> int:
        """What training one member on one sequence of so many steps holds at once: its inputs and its layers'."""
        return steps * (2 * self.blueprint.inputs + self._floats_a_step(dtype)) * dtype.itemsize

    def _floats_a_step(self, dtype: torch.dtype) -> int:
        """All layers'; kept, for it is asked for at every update."""
        if dtype not in self._floats:
            self._floats[dtype] = sum(layer.floats_a_step(dtype) for layer in self.layers)
        return self._floats[dtype]

    def keep(self, members: Tensor) -> None:
        """Go on with these members (indices) alone: the others have finished."""
        keep_members(self.optimizer, members)
        self.rows, self.rates = self.rows[members], self.rates[members]

    @property
    def parameters_each(self) -> int:
        """Trained numbers of one member."""
        return sum(p[0].numel() for p in self.parameters())

    @property
    def state_each(self) -> int:
        """Numbers that one member carries from step to step for one sequence."""
        return sum(layer.state_size for layer in self.layers)


def _layer(candidate: object) -> Layer:
    """The candidate; BenchError if it is no layer, as torch's own modules are none."""
    if isinstance(candidate, Layer):
        return candidate
    raise BenchError(
        f"{type(candidate).__name__} is no bench.engine.layer.Layer: return a bench.engine.recurrence.Recurrence from "
        f"`cell`, or a list of layers from `layers_of`, with the members as the first axis of every parameter."
    )
