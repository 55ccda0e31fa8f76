"""Portraits as data: they need no library that trains, so that a report can be made without one."""

from __future__ import annotations

from typing import Literal

from bench.records.settings import Frozen

How = Literal["matrix", "mixed", "elementwise", "unchanged"]
"""The way in which a state reaches another: each unit every unit; the same, but mostly itself; itself alone; or itself
times 1.
"""


class TaskPortrait(Frozen):
    """An example sequence of a task with its answer."""

    name: str
    lag: int
    steps: int
    inputs: tuple[tuple[float, ...], ...]
    """Numbers of each feature over the steps; none where there are symbols."""
    symbols: tuple[str, ...]
    """The symbol of each step; none where inputs are numbers."""
    side: int
    """The side of the square image that the first steps show, a pixel each; 0 where they show none."""
    answers: tuple[str | float | None, ...]
    """The answers at the last steps: words of classes, or numbers; None where no answer counts."""

    @property
    def first_scored(self) -> int:
        """The first of the steps that may be scored, counted from 0."""
        return self.steps - len(self.answers)

    @property
    def last_answer(self) -> str | float | None:
        """The answer at the last step that counts."""
        return next((answer for answer in reversed(self.answers) if answer is not None), None)


class Wire(Frozen):
    """A way from one state to another of the same layer, on which the gradient comes back."""

    start: str
    end: str
    back: Literal[0, 1]
    """Steps between the two: 0 within a step."""
    how: How
    shares: tuple[float, ...]
    """The norm of the gradient that comes back on it from the step at each shown lag, over that at the last step."""


class Lane(Frozen):
    """A state over the shown steps."""

    state: str
    shares: tuple[float, ...]
    """The norm of the gradient at each shown lag, over that at the last step: 1 where the loss enters."""
    log10: tuple[float | None, ...]
    """The decimal logarithm of the same at all lags from 0 on; None where the gradient is 0."""


class Layer(Frozen):
    """A layer, unrolled: with states that are carried on, or none where it sees all steps at once."""

    lanes: tuple[Lane, ...]
    wires: tuple[Wire, ...]
    inputs: tuple[float, ...]
    """The share of the gradient that reaches what the layer reads at each shown lag."""
    skip: bool
    """True if what it reads is also passed on beside it."""


class TechniquePortrait(Frozen):
    """A technique's network, unrolled, with the gradient's way back through it as it was measured before training."""

    name: str
    """The name on the command line, with the dials that are not at their default."""
    shown: tuple[int, ...]
    """The lags back that are drawn, rising from 0: the last steps and, if the gradient is cut, those at the cut."""
    cut: int | None
    """The lag back at which it is 0, though it is not one step later; None if it is never cut."""
    layers: tuple[Layer, ...]
    """The layers from the input up."""
    inputs: tuple[float | None, ...]
    """The decimal logarithm of the gradient's share at the inputs, by lag from 0 on: log10 of a `Lane`."""
    hooks: tuple[str, ...]
    """Names of the hooks and attributes of `bench.techniques.Technique` that it changes."""
