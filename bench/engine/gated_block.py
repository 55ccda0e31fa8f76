"""The block that papers on linear recurrences put around each: normalisation, a gated map and a residual connection."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from bench.engine.attention import StackedNorm
from bench.engine.layer import Initialisation, Layer, State
from bench.engine.linear import StackedLinear
from bench.engine.recurrence import Recurrence


class Embedding(Layer):
    """x U + b, of each step alone: it widens the input to the blocks' H units, so that they can add to it."""

    def __init__(self, members: int, inputs: int, hidden: int) -> None:
        super().__init__()
        self.map = StackedLinear(members, inputs, hidden)

    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw the map as torch's Linear; nothing is recurrent, so either scheme is the same."""
        self.map.reset(member, generator("embedding"))

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Map (E, T, B, I) to (E, T, B, H); there is no state."""
        return self.map(x), ()

    @property
    def state_size(self) -> int:
        """Return 0: nothing is carried."""
        return 0


class GatedBlock(Recurrence):
    """x + a ∘ σ(b) with (a, b) = GELU(y) W + c, where y is what a linear recurrence makes of norm(x).

    A recurrence that is linear in its inputs computes nothing but weighted sums of them, however it is trained. So the
    papers do not use it alone: what is not linear happens at each step, between one recurrence and the next. x and the
    output are (E, T, B, H). A subclass has its own parameters, and draws them beside those of the block.
    """

    recurrent = ()  # the recurrence is kept stable by its form: no gain may change that

    def __init__(self, members: int, hidden: int) -> None:
        Layer.__init__(self)  # of a recurrence's own parameters it needs none
        self.hidden = hidden
        self.norm = StackedNorm(members, hidden)
        self.gate = StackedLinear(members, hidden, 2 * hidden)

    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw the gated map as torch's Linear; the normalisation has gain 1 and bias 0."""
        self.norm.reset(member)
        self.gate.reset(member, generator("gate"))

    def close(self, y: Tensor, x: Tensor) -> Tensor:
        """Compute the block's output from the recurrence's y and the block's input x, (E, T, B, H) each."""
        a, b = self.gate(F.gelu(y)).chunk(2, dim=-1)
        return torch.addcmul(x, a, torch.sigmoid(b))


def blocks(block: Callable[[int, int, int], Layer], depth: int, members: int, inputs: int, hidden: int) -> list[Layer]:
    """Stack `depth` blocks, each `block(members, hidden, hidden)`, on an embedding of the input."""
    return [Embedding(members, inputs, hidden), *(block(members, hidden, hidden) for _ in range(depth))]
