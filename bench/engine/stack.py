"""The machinery of training: members that are trained side by side, and take turns where the memory is too small."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, NamedTuple

import pytorch_lightning as pl
import torch
from torch import Generator, Tensor, nn
from torch.optim import Optimizer

from bench.batch import Batch
from bench.engine import clipping
from bench.engine.blueprint import Blueprint, Objective
from bench.engine.layer import Initialisation, Layer, State
from bench.engine.linear import StackedLinear
from bench.engine.memory import BUDGET, narrowed, parts
from bench.engine.optimizer import RATE_FACTOR, keep_members, step_members, unit_rate_optimizer
from bench.engine.probe import History, Trajectory, recorded, trajectories
from bench.engine.recurrence import Recurrence
from bench.engine.seeding import generator
from bench.errors import BenchError

Penalty = Callable[[list[Trajectory]], Tensor | None]
"""A function of the states, (E,), that training adds to the task's loss."""

EVALUATED_AT_ONCE = 128
"""The most held-out sequences a forward pass: more would not speed it up."""
RECORDED = 3
"""Numbers kept for each one carried, where a penalty reads states: the state, its gradient, a function of both."""


class Update(NamedTuple):
    """The record of one update of E members, (E,) each, or of K updates, (K, E) each."""

    losses: Tensor
    """The task's, before the step."""
    norms: Tensor
    """The gradients' norms, before clipping."""
    clipped: Tensor
    """True where clipping changed a member's gradient."""


@dataclass
class Block:
    """The sequences of the updates between two evaluations: one Lightning batch.

    inputs (K, S, T, B, I) and targets (K, S, scored, B, …): K updates, S seeds.
    """

    inputs: Tensor
    targets: Tensor

    def batches(self) -> Iterator[Batch]:
        """The sequences of each update in turn: inputs (S, T, B, I) and targets (S, scored, B, …)."""
        return map(Batch, self.inputs, self.targets)


class Stack(pl.LightningModule, ABC):
    """E members, trained side by side: their parameters have the members as first axis, and share nothing.

    How they differ from the baseline is up to a subclass: `bench.techniques.base.Technique` explains its hooks.
    """

    optimizer: ClassVar[str | None]
    initialisation: ClassVar[Initialisation | None]
    parameter_rates: ClassVar[Mapping[str, float]]
    recording: ClassVar[bool] = False
    """True while an update needs the states of every step; kernels, which do not keep them, cannot run then."""

    budget: float = BUDGET
    """Bytes that it may work with at once: members, and where one has too many its sequences, take turns."""

    rows: Tensor
    """(E,): which of the distinct seeds is each member's."""
    rates: Tensor
    """(E,): learning rates."""

    def __init__(self, blueprint: Blueprint, task: Objective) -> None:
        super().__init__()
        self.automatic_optimization = False  # a learning rate and a clipping of its own for each member
        self.blueprint, self.task = self._as_declared(blueprint), task
        self._floats: dict[torch.dtype, int] = {}
        layers = self.layers_of(len(blueprint.seeds), blueprint.inputs, blueprint.hidden_size)
        self.stack = nn.ModuleList(map(_layer, layers))
        self.readout = StackedLinear(len(blueprint.seeds), blueprint.hidden_size, blueprint.outputs)
        for member, seed in enumerate(blueprint.seeds):
            self.initialise(member, seed)
        distinct = list(dict.fromkeys(blueprint.seeds))
        self.register_buffer("rows", torch.tensor([distinct.index(s) for s in blueprint.seeds]))
        self.register_buffer("rates", torch.tensor(blueprint.learning_rates))

    # ---- the hooks, which `Technique` explains

    @abstractmethod
    def layers_of(self, members: int, inputs: int, hidden: int) -> Sequence[Layer]: ...

    @abstractmethod
    def connect(self, below: Tensor, output: Tensor) -> Tensor: ...

    @abstractmethod
    def initialise(self, member: int, seed: int) -> None: ...

    @abstractmethod
    def clip(self, gradients: list[Tensor], norms: Tensor) -> Tensor | None: ...

    @abstractmethod
    def accumulate(self, inputs: Tensor, targets: Tensor) -> Tensor: ...

    @abstractmethod
    def after_update(self) -> None: ...

    # ---- layers and weights

    def _as_declared(self, blueprint: Blueprint) -> Blueprint:
        """The blueprint with the optimiser and the start that the class declares; a start of its own has no gain."""
        if self.optimizer is not None:
            blueprint = replace(blueprint, optimizer=self.optimizer)
        if self.initialisation is not None:
            blueprint = replace(blueprint, initialisation=self.initialisation, recurrent_gain=1.0)
        return blueprint

    @cached_property
    def layers(self) -> list[Layer]:
        """The layers from the input up."""
        return [layer for layer in self.stack if isinstance(layer, Layer)]

    @cached_property
    def _parameter_list(self) -> list[nn.Parameter]:
        """All parameters: looking for them takes longer than some updates' arithmetic."""
        return list(self.parameters())

    def draw(self, member: int, seed: int) -> None:
        """Draw one member's parameters by the protocol's scheme, and scale what its cells declare as recurrent."""
        for depth, layer in enumerate(self.layers):

            def named(name: str, depth: int = depth) -> Generator:
                return generator("weights", seed, depth, name)

            layer.reset(member, named, self.blueprint.initialisation)
            for name in layer.recurrent:
                layer.get_parameter(name).data[member] *= self.blueprint.recurrent_gain
        self.readout.reset(member, generator("weights", seed, "readout"))

    def body(
        self, inputs: Tensor, states: list[State] | None = None, last: int | None = None
    ) -> tuple[Tensor, list[State]]:
        """Run the layers: inputs (E, T, B, I) → the top layer's outputs (E, T, B, H) and each layer's last state.

        last: return the outputs of this many final steps only.
        """
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

    # ---- an update

    def configure_optimizers(self) -> Optimizer:
        """Torch's optimiser at rate 1: `update` gives each member its own."""
        groups: dict[float, list[nn.Parameter]] = {}
        for name, parameter in self.named_parameters():
            factor = self.parameter_rates.get(name.rpartition(".")[-1], 1.0)
            groups.setdefault(factor, []).append(parameter)
        return unit_rate_optimizer(
            self.blueprint.optimizer, [{"params": group, RATE_FACTOR: factor} for factor, group in groups.items()]
        )

    def _trainers_optimizer(self) -> Optimizer:
        """The optimiser that the Trainer holds, without Lightning's wrapper."""
        found = self.optimizers(use_pl_optimizer=False)
        assert isinstance(found, Optimizer)
        return found

    def training_step(self, block: Block, index: int) -> dict[str, Tensor]:
        """One block of updates; returns the fields of `Update`, (K, E) each."""
        optimizer = self._trainers_optimizer()
        own = self.rows.tolist() == list(range(block.inputs.shape[1]))  # a seed a member: nothing need be gathered
        records = [
            self.update(optimizer, *(x if own else x.index_select(0, self.rows) for x in batch))
            for batch in block.batches()
        ]
        return Update(*map(torch.stack, zip(*records, strict=True)))._asdict()

    def update(self, optimizer: Optimizer, inputs: Tensor, targets: Tensor) -> Update:
        """One step of the optimiser: inputs (E, T, B, I), targets (E, scored, B, …)."""
        for p in self._parameter_list:  # as the optimiser's zero_grad, which takes longer
            p.grad = None
        losses = self._accumulate_in_turns(inputs, targets)
        gradients = [p.grad for p in self._parameter_list if p.grad is not None]
        norms = clipping.global_norm(gradients)
        acted = self.clip(gradients, norms)
        step_members(optimizer, self.rates)
        with torch.no_grad():
            self.after_update()
        return Update(losses, norms, torch.zeros_like(norms, dtype=torch.bool) if acted is None else acted)

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

    def full_bptt(self, inputs: Tensor, targets: Tensor, penalty: Penalty | None = None) -> Tensor:
        """Leave the gradients of the task's loss, and of a penalty, in the parameters; returns each member's loss (E,).

        Where one member's batch is too large for the memory, its sequences take turns: a task's loss is a mean over
        sequences, so that gradients add up, and so is a penalty.
        """
        members, steps, batch, _ = inputs.shape
        at_once = self.budget / (members * self.bytes_each(steps, inputs.dtype))
        total = inputs.new_zeros(members)
        for part in parts(batch, at_once):
            share = (part.stop - part.start) / batch
            with self._recorded(penalty is not None) as histories:
                losses = self.task.loss(self(inputs[:, :, part]), targets[:, :, part])
            # members share no parameter: each gradient is its own
            losses.backward(torch.full_like(losses, share), retain_graph=penalty is not None)
            if penalty and (extra := penalty(trajectories(self.layers, histories, share))) is not None:
                extra.backward(torch.full_like(extra, share))
            total += losses.detach() * share
        return total

    def _recorded(self, wanted: bool) -> AbstractContextManager[list[History]]:
        return recorded(self.layers) if wanted else nullcontext([])

    # ---- what is asked of it from outside

    def evaluate(self, inputs: Tensor, targets: Tensor, members: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Loss and metric of each member, (E,) each, on held-out inputs (S, T, N, I), targets (S, scored, N).

        members: the indices of those that are wanted, if not all.
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
        """Evaluate some members in chunks of sequences, and return the means over all sequences."""
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
        """Bytes that training one member on one sequence of `steps` steps holds at once: its inputs and its layers'."""
        return steps * (2 * self.blueprint.inputs + self._floats_a_step(dtype)) * dtype.itemsize

    def _floats_a_step(self, dtype: torch.dtype) -> int:
        """All layers' numbers; kept, for they are asked for at every update."""
        if dtype not in self._floats:
            with self._recorded(self.recording):
                self._floats[dtype] = sum(layer.floats_a_step(dtype) for layer in self.layers)
            if self.recording:
                self._floats[dtype] += RECORDED * self.state_each
        return self._floats[dtype]

    def keep(self, members: Tensor) -> None:
        """Go on with these members (indices) alone: the others have finished."""
        keep_members(self._trainers_optimizer(), members)
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
        f"{type(candidate).__name__} is not a bench.engine.layer.Layer: return a bench.engine.recurrence.Recurrence "
        f"from `cell`, or a list of layers from `layers_of`, with the members as the first axis of every parameter."
    )
