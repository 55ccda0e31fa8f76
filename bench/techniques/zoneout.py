"""The LSTM with zoneout."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar

import numpy as np
import torch
from torch import Generator, Tensor

from bench.engine.native import NativeCell
from bench.engine.recurrence import Initialisation, Recurrence, State
from bench.engine.seeding import generator
from bench.techniques.base import Dial, Situation, Technique

LEVELS = 2**16
"""Numbers that are drawn are whole and below this: a probability is kept to within half of one over it."""

MOST = 0.99
"""The highest probability that is allowed."""


class ZoneoutCell(Recurrence):
    """The LSTM in which a unit's h and c each stay what they were, with probabilities keep_h and keep_c.

    c' = f ∘ c + i ∘ g, h_t = k_h ∘ h_{t−1} + (1 − k_h) ∘ o ∘ tanh(c'), c_t = k_c ∘ c_{t−1} + (1 − k_c) ∘ c'. Within
    `at_random` the k are 0 or 1, as given there; elsewhere they are the probabilities. Blocks in the order i, f, g, o.
    """

    blocks: ClassVar[int] = 4
    states: ClassVar[tuple[str, ...]] = ("h", "c")
    cell_state: ClassVar[str | None] = "c"

    def __init__(self, members: int, inputs: int, hidden: int, keep_h: float, keep_c: float) -> None:
        super().__init__(members, inputs, hidden)
        self.keep = keep_h, keep_c
        self._drawn: Tensor | None = None
        self._now: Tensor | None = None
        self._taken = 0

    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw the weights as every recurrence does, and set the forget gate's bias to 1, as the authors' code does."""
        super().reset(member, generator, scheme)
        with torch.no_grad():
            self.bias[member, self.hidden : 2 * self.hidden] = 1.0

    @contextmanager
    def at_random(self, kept: Tensor) -> Iterator[None]:
        """Run with these k_h and k_c side by side, (E, T, B, 2 H), true where a state stays.

        A batch may come in parts: each pass in this context takes the next sequences.
        """
        self._drawn, self._taken = kept, 0
        try:
            yield
        finally:
            self._drawn = None

    def forward(self, x: Tensor, state: State | None = None, last: int | None = None) -> tuple[Tensor, State]:
        """Run like every recurrence, with what was drawn for these sequences."""
        if self._drawn is not None:
            end = self._taken + x.shape[2]
            self._now, self._taken = self._drawn[:, :, self._taken : end].to(x.dtype), end
        try:
            return super().forward(x, state, last)
        finally:
            self._now = None

    def step(self, drive: Tensor, state: State) -> State:
        """Take one step in expectation."""
        return self._step(drive, state, *self.keep)

    def _step(self, drive: Tensor, state: State, keep_h: Tensor | float, keep_c: Tensor | float) -> State:
        h, c = state
        i, f, g, o = torch.baddbmm(drive, h, self.recurrent_weight).chunk(4, dim=-1)
        new_c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        new_h = torch.sigmoid(o) * torch.tanh(new_c)
        return keep_h * h + (1 - keep_h) * new_h, keep_c * c + (1 - keep_c) * new_c

    def unroll(self, drive: Tensor, state: State) -> tuple[Tensor, State]:
        """Unroll like the loop, at random where that is asked for."""
        if self._now is None:
            return self.loop(drive, state)
        outputs = []
        for now, kept in zip(drive.unbind(1), self._now.unbind(1), strict=True):
            state = self._step(now, state, *kept.chunk(2, dim=-1))
            outputs.append(state[0])
        return torch.stack(outputs, dim=1), state

    def native(self) -> NativeCell | None:
        drawn = self._now if self._now is not None else self.bias.new_empty(len(self.bias), 0)
        weights = (self.input_weight, self.bias, self.recurrent_weight, drawn)
        return NativeCell("zoneout", weights, (int(self._now is not None), *self.keep), kept=(4, 1))

    def floats_a_step(self, dtype: torch.dtype) -> int:
        """Count as for any recurrence, and what is drawn with room for a gradient that it has not."""
        return super().floats_a_step(dtype) + 2 * len(self.keep) * self.hidden


class Zoneout(Technique):
    """The LSTM in training keeps single units of h and c as they were, at random; evaluated, it is the mean network.

    What is drawn depends on a member's seed and on the number of the update, and on nothing else. Gradients at probes
    are those of the mean network.
    """

    name = "zoneout"
    title = "LSTM with zoneout"
    family = "regulariser"
    changes = "the states of lstm in training: single units stay what they were, at random"
    reference = "Krueger et al. 2017"
    keep_h = Dial(0.05, sweep=(0.0, 0.05, 0.2), least=0.0)
    keep_c = Dial(0.5, sweep=(0.05, 0.2, 0.5), least=0.0)

    updates = 0
    """The updates that are complete."""
    trained = 0
    """The members that have had their turn in the present update: they may take turns, in order."""

    @classmethod
    def skip(cls, situation: Situation) -> str | None:
        highest = max(situation.dials["keep_h"], situation.dials["keep_c"])
        if highest > MOST:
            return f"units that keep what they were with a probability of {highest:g} hardly ever change"
        return None

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return ZoneoutCell(members, inputs, hidden, self.keep_h, self.keep_c)

    def accumulate(self, inputs: Tensor, targets: Tensor) -> Tensor:
        (layer,) = self.layers
        assert isinstance(layer, ZoneoutCell)
        members, steps, batch, _ = inputs.shape
        rows = self.rows[self.trained : self.trained + members]
        with layer.at_random(self._drawn(rows, steps, batch).to(inputs.device)):
            losses = self.full_bptt(inputs, targets)
        self.trained += members
        if self.trained == len(self.rows):
            self.trained, self.updates = 0, self.updates + 1
        return losses

    def _drawn(self, rows: Tensor, steps: int, batch: int) -> Tensor:
        """Draw where a state stays, (E, T, B, 2 H), for the members of these rows of distinct seeds."""
        hidden = self.blueprint.hidden_size
        below = np.repeat([round(keep * LEVELS) for keep in (self.keep_h, self.keep_c)], hidden).astype(np.uint16)
        seeds = list(dict.fromkeys(self.blueprint.seeds))
        distinct, places = rows.unique(return_inverse=True)
        masks = []
        for row in distinct.tolist():
            key = torch.empty(4, dtype=torch.int64).random_(generator=generator("zoneout", seeds[row], self.updates))
            # NumPy's stream is ten times as fast as torch's, which would take longer than the update
            stream = np.random.Generator(np.random.SFC64(key.tolist()))
            masks.append(stream.integers(LEVELS, size=(steps, batch, 2 * hidden), dtype=np.uint16) < below)
        return torch.from_numpy(np.stack(masks))[places.cpu()]
