"""A technique: a stack of members that trains like the baseline, except for the hooks that a subclass overrides."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from bench.engine import clipping
from bench.engine.layer import Initialisation, Layer
from bench.engine.probe import Trajectory
from bench.engine.stack import Stack
from bench.own_files import WithFiles


class Dial:
    """A technique's own number: its default, and further values worth a look; on an instance it reads as a float.

    least: the smallest value that makes sense; None if it must be positive. whole: it counts something, and reads as an
    int.
    """

    def __init__(
        self, default: float, sweep: tuple[float, ...] = (), least: float | None = None, whole: bool = False
    ) -> None:
        self.default, self.sweep, self.least, self.whole = default, sweep, least, whole

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Technique | None, owner: type) -> Any:
        return self if instance is None else self.read(instance.blueprint.dials.get(self.name, self.default))

    def read(self, value: float) -> float:
        """The value as a technique sees it: an int if it is whole."""
        return int(value) if self.whole else value

    def allows(self, value: float) -> bool:
        """Return True for a finite value above 0, or from `least` on, that has no fraction if the dial is whole."""
        if not math.isfinite(value) or (self.whole and value != int(value)):
            return False
        return value > 0 if self.least is None else value >= self.least

    @property
    def range(self) -> str:
        """The values that it allows, in words."""
        number = "whole number" if self.whole else "number"
        return f"a positive {number}" if self.least is None else f"a {number} of at least {self.least:g}"


@dataclass(frozen=True)
class Situation:
    """The facts that `Technique.skip` may look at."""

    task: str
    lag: int
    steps: int
    """The length of a whole sequence."""
    hidden_size: int
    dials: Mapping[str, float]


class Technique(WithFiles, Stack, ABC):
    """E members of one technique: a subclass says what it changes against the baseline, and is final.

    A subclass sets the attributes below, writes `cell`, and overrides the further hooks that it needs. A technique
    that keeps the baseline's tanh cell subclasses `bench.techniques.tanh_network.TanhNetwork` instead. In shapes, E
    is the members, T the steps, B the sequences, I the features of an input and H the units.

    | hook | called | takes | gives |
    |---|---|---|---|
    | `skip` | when a run is planned | a `Situation` | a reason to decline it, or None |
    | `cell` | by `layers_of` | E, I, H | one layer |
    | `layers_of` | when it is built | E, I, H | the layers from the input up |
    | `initialise` | then, for each member | its index and its seed | the member's parameters, drawn in place |
    | `connect` | in a forward pass, after each layer | (E, T, B, ·) below it, and its output | what goes up, alike |
    | `accumulate` | once an update | (E, T, B, I), (E, scored, B, …) | losses (E,), gradients in the parameters |
    | `penalty` | after the loss was followed back | the recurrences' trajectories | what is added to the loss (E,) |
    | `clip` | after `accumulate` | gradients (E, …), norms (E,) | which members were clipped (E,), or None |
    | `after_update` | after the optimiser's step | | parameters (E, …), changed in place |

    `self.blueprint` holds the sizes and the protocol's choices; `self.layers` are the layers once they are built.
    """

    name: ClassVar[str]
    """The word by which the command line calls it."""
    title: ClassVar[str]
    """The words by which a figure calls it."""
    called: ClassVar[str] = ""
    """The words by which a sentence calls it: 'clipping by norm'; its title, if none are given."""
    family: ClassVar[str]
    """Techniques of a family stand together."""
    source_row: ClassVar[str | None] = None
    """Its row in the source's table, if any: gated, relu, clipping, residual, truncated."""
    changes: ClassVar[str]
    """The one thing it changes against the baseline."""
    reference: ClassVar[str]
    """The paper that it is built to."""
    optimizer: ClassVar[str | None] = None
    """Its own optimiser, where it has one: adam, adamw, nadam, radam, rmsprop or sgd. None: the protocol's."""
    initialisation: ClassVar[Initialisation | None] = None
    """The scheme of a start of its own, default or orthogonal, which no gain scales. None: the protocol's."""
    rate_factor: ClassVar[float] = 1.0
    """Its learning rates are the protocol's times this: as many as all others', on its optimiser's scale."""
    parameter_rates: ClassVar[Mapping[str, float]] = {}
    """Factors on the learning rate of single parameters, by the last part of their name: {"decay": 0.1}."""
    dials: ClassVar[dict[str, Dial]] = {}
    """Its dials by name; collected from the class body."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.recording = cls.penalty is not Technique.penalty
        cls.dials = {**cls.dials, **{k: v for k, v in vars(cls).items() if isinstance(v, Dial)}}

    @classmethod
    def skip(cls, situation: Situation) -> str | None:
        """Say why this technique cannot do a setting, in a sentence for the report; None if it can."""
        return None

    @abstractmethod
    def cell(self, members: int, inputs: int, hidden: int) -> Layer:
        """One layer: most often a `Recurrence`."""

    def layers_of(self, members: int, inputs: int, hidden: int) -> Sequence[Layer]:
        """The layers from the input up. Here: one `cell`; `tower` makes several."""
        return [self.cell(members, inputs, hidden)]

    def connect(self, below: Tensor, output: Tensor) -> Tensor:
        """Join what a layer read and gave, (E, T, B, ·) each, for the layer above. Here: the output."""
        return output

    def initialise(self, member: int, seed: int) -> None:
        """Draw one member's parameters; equal seeds give equal weights wherever shapes agree.

        Here: by the protocol's scheme and gain, each layer by its `reset`. A subclass may go on from there.
        """
        self.draw(member, seed)

    def accumulate(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Leave the gradients of one batch in the parameters; returns each member's loss (E,). Here: full BPTT.

        The stack may be some of the members: they take turns where all are too many for the memory.
        """
        return self.full_bptt(inputs, targets, self.penalty if self.recording else None)

    def penalty(self, trajectories: list[Trajectory]) -> Tensor | None:
        """Compute what training adds to each member's loss, (E,), as a mean over its sequences. Here: nothing.

        trajectories: each recurrence with its states after every step, and the gradients of the task's loss there.
        The gradient of the penalty enters training; the loss that is reported stays the task's. A technique with a
        penalty trains step by step, without kernels, and has no `accumulate` of its own.
        """
        return None

    def clip(self, gradients: list[Tensor], norms: Tensor) -> Tensor | None:
        """Clip in place, after the backward pass; returns which members were clipped (E,), None if it never clips.

        Here: by norm if the protocol says so.
        """
        limit = self.blueprint.clip_norm
        return None if limit is None else clipping.clip_by_norm(gradients, norms, limit)

    def after_update(self) -> None:
        """Put the parameters (E, …) back in place to where they may be, after each step of the optimiser.

        It may be a projection, or a bound on recurrent weights. No gradient is followed here. A member that diverges
        holds not-a-number until the next evaluation, which must neither raise an error nor reach the others.
        """
