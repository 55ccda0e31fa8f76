"""The long short-term memory with exponential gates."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from bench.engine.layer import Initialisation, State
from bench.engine.native import NativeCell
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Technique

OPEN, RANGE, POWER = 5.0, 12.0, 0.3
"""Forget gates' biases go from 5 to −7 as 5 − 12 (k / (H − 1))^0.3, as in the authors' code for a first block."""
NOTHING_YET = -1e4
"""m before the first step: far below any pre-activation, so that the first step's m is that of its input gate."""


class ScalarCell(Recurrence):
    """c' = f c + i tanh z, n' = f n + i, h' = σ(o) c' / n', i = e^ĩ, f = σ(f̃); blocks ĩ, f̃, z, o of x U + h W + b.

    The memory carries e^−m c, e^−m n and m side by side, in which m' = max(log f + m, ĩ) keeps numbers from growing: it
    cancels out of h, and no gradient is followed through it.
    """

    blocks = 4
    states = ("h", "memory")
    cell_state = "memory"

    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw the weights as every recurrence does; forget gates' biases fall from unit to unit, all others are 0."""
        super().reset(member, generator, scheme)
        share = torch.linspace(0, 1, self.hidden)
        with torch.no_grad():
            self.bias[member].view(4, -1)[1] = OPEN - RANGE * share**POWER

    @property
    def state_size(self) -> int:
        """Count h, c, n and m."""
        return 4 * self.hidden

    def start(self, x: Tensor) -> State:
        """Return zeros, but for m."""
        h = x.new_zeros(x.shape[0], x.shape[2], self.hidden)
        return h, torch.cat([h, h, torch.full_like(h, NOTHING_YET)], dim=-1)

    def step(self, drive: Tensor, state: State) -> State:
        h, memory = state
        c, n, m = memory.chunk(3, dim=-1)
        i, f, z, o = torch.baddbmm(drive, h, self.recurrent_weight).chunk(4, dim=-1)
        far = F.logsigmoid(f) + m.detach()
        later = torch.maximum(far, i).detach()
        i, f = torch.exp(i - later), torch.exp(far - later)
        c, n = f * c + i * torch.tanh(z), f * n + i
        return torch.sigmoid(o) * c / n, torch.cat([c, n, later], dim=-1)

    def native(self) -> NativeCell | None:
        return NativeCell("slstm", (self.input_weight, self.bias, self.recurrent_weight), kept=(5, 3))


class SLSTM(Technique):
    """c_t = f c_{t−1} + i tanh z, n_t = f n_{t−1} + i, h_t = σ(o) ∘ c_t / n_t with input gates i = exp(·), f = σ(·).

    All gates see h_{t−1} through whole matrices, as with one head of the paper. Its block (short convolution,
    normalisation of each head, gated map) is left out.
    """

    name = "slstm"
    title = "sLSTM"
    family = "gated"
    changes = "the cell: exponential input gates, and a sum of gates that divides the state"
    reference = "Beck et al. 2024 (xLSTM), eq. 8–18"

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return ScalarCell(members, inputs, hidden)
