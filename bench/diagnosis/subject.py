"""The subject of a diagnosis: a model, a batch and a loss, and how the model is run without leaving a trace in it."""

from __future__ import annotations

import copy
import inspect
import random
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.diagnosis.blame import TheirError, theirs
from bench.errors import BenchError

Loss = Callable[[Any, Tensor], Tensor]
IGNORED = -100
"""The class of a step that is not scored; torch's cross-entropy knows it."""
TRAINING_STEP = "training_step"
"""Stands for the loss that a LightningModule's own step returns."""
SEED = 20
"""Seed of every run: a model that draws random numbers draws the same each time."""


@dataclass(frozen=True)
class Batch:
    """Sequences x, their targets y, and how long each is."""

    x: Tensor
    y: Tensor
    lengths: Tensor | None = None


@dataclass(frozen=True)
class Pass:
    """One run of the model."""

    out: Tensor
    loss: Tensor
    entry: Tensor | None
    """The tensor that gradients are followed to: the inputs, or the embedding's output where inputs are tokens."""


@dataclass(frozen=True)
class Subject:
    """A model with a batch and a loss. Axes: `time` is that of steps in x and, where it has steps, in y."""

    model: nn.Module
    batch: Batch
    loss: str | Loss
    time: int = 1
    causal: bool = False
    trained: bool = False
    """True if the weights are those that training ended with."""
    fresh: Callable[[int], nn.Module] | None = None
    """Makes the model anew with the weights that this seed draws."""

    @property
    def sequences(self) -> int:
        return self.batch.x.shape[self.batch_axis]

    @property
    def steps(self) -> int:
        return self.batch.x.shape[self.time]

    @property
    def batch_axis(self) -> int:
        return 1 if self.time == 0 else 0

    @property
    def tokens(self) -> bool:
        """True if inputs are whole numbers, which have no gradient."""
        return not self.batch.x.is_floating_point()

    @property
    def stepwise(self) -> bool:
        """True if there is a target at each step."""
        return self.has_steps(self.batch.y)

    def has_steps(self, values: Tensor) -> bool:
        """Return True if outputs or targets have the axes of sequences and steps where x has them."""
        size = {self.batch_axis: self.sequences, self.time: self.steps}
        return values.dim() > max(size) and all(values.shape[axis] == n for axis, n in size.items())

    def front(self, values: Tensor) -> Tensor:
        """Values with sequences first and steps second."""
        return values.movedim((self.batch_axis, self.time), (0, 1))

    def newest(self, out: Tensor) -> Tensor:
        """Outputs at the last step, or as they are where they have no steps."""
        return self.front(out)[:, -1] if self.has_steps(out) else out

    def with_x(self, x: Tensor) -> Subject:
        """The same on other inputs; `x` has sequences first and steps second."""
        x = x.movedim((0, 1), (self.batch_axis, self.time))
        return replace(self, batch=replace(self.batch, x=x))

    def part(self, chosen: Tensor) -> Subject:
        """The same on these sequences alone."""
        batch = self.batch
        y = batch.y.index_select(self.batch_axis if self.stepwise else 0, chosen)
        lengths = None if batch.lengths is None else batch.lengths[chosen]
        return replace(self, batch=Batch(batch.x.index_select(self.batch_axis, chosen), y, lengths))

    def copied(self) -> Subject:
        """The same with a copy of the model, which may be changed."""
        return replace(self, model=copied(self.model))

    @cached_property
    def arguments(self) -> list[inspect.Parameter]:
        """The arguments of the model's `forward`."""
        try:
            return list(inspect.signature(self.model.forward).parameters.values())
        except (TypeError, ValueError):
            return []

    @property
    def takes_lengths(self) -> bool:
        """True if the model's `forward` has an argument for lengths."""
        return any(argument.name == "lengths" for argument in self.arguments)

    def lacking(self) -> list[str]:
        """Names of the arguments that `forward` needs and that nothing here could be given for."""
        variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        needed = [a.name for a in self.arguments[1:] if a.default is a.empty and a.kind not in variable]
        return [name for name in needed if name != "lengths" or self.batch.lengths is None]

    def run(self, x: Tensor | None = None, followed: bool = False, doing: str = "when it was run") -> Pass:
        """Run the model, which keeps what it keeps from call to call; `x` replaces the inputs.

        followed: the gradient of the entry is kept when the loss is followed back.
        """
        x = self.batch.x if x is None else x
        entry: list[Tensor] = []
        if followed and not self.tokens:
            x = x.detach().clone().requires_grad_()
            entry.append(x)
        with seeded(), theirs(doing), _entries(self.model, entry, followed and self.tokens):
            if self.loss == TRAINING_STEP:
                with theirs(f"{doing} by its training_step on a tuple, (x, y)"):
                    out, loss = self._training_step(x)
                return Pass(out, loss, entry[0] if entry else None)
            given = {"lengths": self.batch.lengths} if self.takes_lengths and self.batch.lengths is not None else {}
            said = self.model(x, **given)
        out = tensor_of(said)
        return Pass(out, self.loss_of(said, out), entry[0] if entry else None)

    def _training_step(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """A LightningModule's own loss, and what the module returned meanwhile."""
        seen: list[Any] = []
        hook = self.model.register_forward_hook(lambda module, given, said: seen.append(said))
        batch = self.batch
        values = (x, batch.y) if batch.lengths is None else (x, batch.y, batch.lengths)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # there is no trainer to log to
                said = self.model.training_step(values, 0)  # type: ignore[operator]
        finally:
            hook.remove()
        loss = said["loss"] if isinstance(said, Mapping) else said
        if not isinstance(loss, Tensor) or loss.numel() != 1:
            raise BenchError("training_step has to return the loss, a tensor with one number.")
        if not seen:
            raise BenchError("training_step does not call the module itself, as in self(x): give the loss (--loss).")
        return tensor_of(seen[0]), loss.reshape(())

    def loss_of(self, said: Any, out: Tensor) -> Tensor:
        """The loss of what the model said, a mean over sequences. Raises BenchError where it does not fit y."""
        if callable(self.loss):
            with theirs("when the loss was computed"):
                loss = self.loss(said, self.batch.y)
            if not isinstance(loss, Tensor) or loss.numel() != 1:
                raise BenchError("The loss has to be a tensor with one number.")
            return loss.reshape(())
        try:
            return mean_loss(self.loss, out, self.batch.y)
        except BenchError as error:
            if isinstance(said, Tensor):
                raise
            raise BenchError(
                f"{error} Of what it returns, logits or the first tensor counts: a loss of your own (--loss) may take "
                "another."
            ) from None

    def doubled(self) -> Subject:
        """The same with a copy of the model in double precision; in its own precision if it cannot run in double."""
        subject = self.copied()
        subject.model.eval()
        x, y = (v.double() if v.is_floating_point() else v for v in (self.batch.x, self.batch.y))
        try:
            subject = replace(subject, model=subject.model.double(), batch=replace(self.batch, x=x, y=y))
            subject.copied().run()
        except (TheirError, RuntimeError, TypeError):
            subject = self.copied()
            subject.model.eval()
        return subject


def copied(model: nn.Module) -> nn.Module:
    """A copy of a model. States that it keeps with the graph that made them, which Python refuses to copy, go along."""
    known: dict[int, Any] = {}
    for module in model.modules():
        if isinstance(module, torch.jit.ScriptModule):
            raise BenchError("torch.jit has compiled the model, and it cannot be copied: give the module itself.")
        for value in vars(module).values():
            for tensor in value if isinstance(value, tuple | list) else (value,):
                if isinstance(tensor, Tensor) and not tensor.is_leaf:
                    known[id(tensor)] = tensor.detach().clone()
    with theirs("when the model was copied"):
        return copy.deepcopy(model, known)


def tensor_of(said: Any) -> Tensor:
    """The tensor among what a model returns: itself, its `logits`, or the first. Raises BenchError if it has none."""
    if isinstance(said, Tensor):
        return said
    if isinstance(said, Mapping):
        said = [said[name] for name in ("logits", "output") if name in said] or list(said.values())
    elif hasattr(said, "logits"):
        return tensor_of(said.logits)
    if isinstance(said, list | tuple):
        for part in said:
            if isinstance(part, Tensor):
                return part
    raise BenchError(f"The model returns {type(said).__name__}, in which there is no tensor to compare with y.")


def mean_loss(kind: str, out: Tensor, y: Tensor) -> Tensor:
    """Mean squared error or cross-entropy. Targets of −100 do not count in cross-entropy."""
    if kind == "mse":
        return functional.mse_loss(_like(out, y), y.to(out.dtype))
    return functional.cross_entropy(classes_last(out, y).flatten(0, -2), y.flatten().long())


def _like(out: Tensor, y: Tensor) -> Tensor:
    if out.shape == y.shape:
        return out
    if out.numel() == y.numel() and _squeezed(out) == _squeezed(y):
        return out.reshape(y.shape)
    raise BenchError(
        f"The model returns {_shape(out)} where y is {_shape(y)}: for a mean squared error they must agree."
    )


def _squeezed(values: Tensor) -> list[int]:
    return [n for n in values.shape if n != 1]


def classes_last(out: Tensor, y: Tensor) -> Tensor:
    """Outputs with their classes on the last axis, whose other axes are those of y."""
    if y.is_floating_point() and bool((y != y.round()).any()):
        raise BenchError("y holds fractions where cross-entropy needs the numbers of classes: take --loss mse.")
    if out.dim() == y.dim() + 1 and out.shape[:-1] == y.shape:
        found = out
    elif out.dim() == y.dim() + 1 and out.movedim(1, -1).shape[:-1] == y.shape:
        found = out.movedim(1, -1)
    elif y.dim() and y.shape[-1] == 1:
        return classes_last(out, y.squeeze(-1))
    else:
        raise BenchError(
            f"The model returns {_shape(out)} where y is {_shape(y)}: cross-entropy needs one axis more than y has, "
            "for the classes."
        )
    if bool(((y < 0) & (y != IGNORED)).any()):
        raise BenchError(
            f"y holds class {int(y[y != IGNORED].min())}: classes are counted from 0 ({IGNORED}: not scored)."
        )
    if y.numel() and int(y.max()) >= found.shape[-1]:
        if found.shape[-1] == 1:
            raise BenchError(
                "The model has one output where y holds whole numbers, which are classes: give y as floating-point "
                "numbers, or name a loss of your own (--loss), such as binary cross-entropy."
            )
        raise BenchError(f"y holds class {int(y.max())}, but the model has outputs for {found.shape[-1]} classes.")
    return found


def _shape(values: Tensor) -> str:
    return " × ".join(map(str, values.shape)) or "one number"


@contextmanager
def seeded(seed: int = SEED) -> Iterator[None]:
    """Draw the same random numbers within, and leave the process's own as they were."""
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    states = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=list(devices)):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed takes a millisecond, for devices that are absent
        if devices:
            torch.cuda.manual_seed_all(seed)
        random.seed(seed)
        np.random.seed(seed)
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])


@contextmanager
def _entries(model: nn.Module, into: list[Tensor], wanted: bool) -> Iterator[None]:
    """Keep the output of the first embedding that is called within, with its gradient."""
    if not wanted:
        yield
        return

    def keep(module: nn.Module, given: Any, said: Any) -> Any:
        if into or not isinstance(said, Tensor) or said.dim() < 3:
            return said
        said = said.detach().clone().requires_grad_()
        into.append(said)
        return said

    hooks = [m.register_forward_hook(keep) for m in model.modules() if isinstance(m, nn.Embedding)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def checked(subject: Subject) -> Subject:
    """The subject, if its shapes belong together. Raises BenchError if not, and what the user's code raises."""
    batch = subject.batch
    if batch.x.dim() <= max(subject.time, 1):
        raise BenchError(f"x is {_shape(batch.x)}: it needs an axis of sequences and one of steps (--time-dim).")
    if not subject.sequences or not subject.steps:
        raise BenchError(f"x is {_shape(batch.x)}: there is nothing in it.")
    if subject.steps == 1:
        raise BenchError(f"x is {_shape(batch.x)}, with one step along axis {subject.time}: see --time-dim.")
    if not subject.stepwise and (not batch.y.dim() or batch.y.shape[0] != subject.sequences):
        raise BenchError(
            f"y is {_shape(batch.y)}, but x has {subject.sequences} sequences of {subject.steps} steps "
            f"(x is {_shape(batch.x)}, its steps along axis {subject.time}): y needs a target for each sequence, or "
            "for each step."
        )
    if batch.lengths is not None:
        lengths = batch.lengths
        if lengths.shape != (subject.sequences,) or int(lengths.min()) < 1 or int(lengths.max()) > subject.steps:
            raise BenchError(f"lengths must hold a whole number from 1 to {subject.steps} for each sequence.")
    if subject.loss != TRAINING_STEP and (lacking := subject.lacking()):
        raise BenchError(
            f"forward of {type(subject.model).__name__} needs {', '.join(lacking)}, too. It is called with x, and with "
            "lengths if it has an argument of that name and the batch has them: wrap it in a module that adds the rest."
        )
    subject.copied().run()
    return subject
