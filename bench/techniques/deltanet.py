"""The delta rule: a memory that is corrected where its key points."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from bench.engine.delta_rule import delta_rule
from bench.engine.layer import Initialisation, State
from bench.engine.linear import project
from bench.engine.matrix_memory import MatrixMemory, outer, units_of_heads
from bench.engine.native import runs_natively
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Dial, Situation, Technique

TINY = 1e-6
"""Added to a squared length, as in the authors' code, so that a zero has a direction's gradient."""


class DeltaCell(MatrixMemory):
    """S' = S + β k (v − Sᵀ k)ᵀ and y = S'ᵀ q in each head; blocks q, k, v = SiLU(x U + b), q and k of unit length.

    β = most · σ(x U_β + b_β), a number a head. I − β k kᵀ has the eigenvalue 1 − β along k, and 1 elsewhere.
    """

    blocks = 3
    states = ("S",)

    def __init__(self, members: int, inputs: int, hidden: int, heads: int, most: float) -> None:
        super().__init__(members, inputs, hidden, heads)
        self.beta_weight = nn.Parameter(torch.empty(members, inputs, heads))
        self.beta_bias = nn.Parameter(torch.empty(members, heads))
        self.most = most

    @torch.no_grad()
    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw every map as a recurrence draws that of its input; biases are 0."""
        super().reset(member, generator, scheme)
        bound = self.hidden**-0.5
        self.beta_weight[member].uniform_(-bound, bound, generator=generator("beta"))
        self.beta_bias[member].zero_()

    @property
    def state_size(self) -> int:
        """Count a matrix a head."""
        return self.matrix_size

    def addressed(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Compute q, k, v (E, T, B, heads, d) and β (E, T, B, heads)."""
        q, k, v = map(self.split, F.silu(super().drive(x)).chunk(3, dim=-1))
        beta = self.most * torch.sigmoid(project(x, self.beta_weight, self.beta_bias))
        return unit(q), unit(k), v, beta

    def drive(self, x: Tensor) -> Tensor:
        """Put k, v and β side by side: x (E, T, B, I) → (E, T, B, 2 H + heads)."""
        _, k, v, beta = self.addressed(x)
        return torch.cat([k.flatten(-2), v.flatten(-2), beta], dim=-1)

    def step(self, drive: Tensor, state: State) -> State:
        k, v, beta = drive.split([self.hidden, self.hidden, self.heads], dim=-1)
        k, v, memory = self.split(k), self.split(v), self.matrices(state[0])
        held = self.split(self.recalled(memory, k))
        return ((memory + outer(k, beta.unsqueeze(-1) * (v - held))).flatten(-3),)

    def fallback(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Take all steps by the kernel where it runs, which gives S'ᵀ q (E, T, B, H) in place of the memories."""
        if not runs_natively(x):
            return super().fallback(x, state)
        q, k, v, beta = self.addressed(x)
        memory = self.matrices(state[0])
        outputs, end = delta_rule(q, k, beta.unsqueeze(-1) * v, beta, torch.ones_like(beta), memory)
        return outputs.flatten(-2), (end.flatten(-3),)

    def read(self, states: Tensor, x: Tensor) -> Tensor:
        """Read memories by the queries, unless the kernel has done so."""
        if self.was_read(states):
            return states
        q, *_ = self.addressed(x)
        return self.recalled(self.matrices(states), q)


def unit(x: Tensor) -> Tensor:
    """Scale x to length 1 along its last axis; what is shorter than √TINY stays shorter."""
    return x * (x.square().sum(-1, keepdim=True) + TINY).rsqrt()


class DeltaNet(Technique):
    """S_t = S_{t−1} + β_t k_t (v_t − S_{t−1}ᵀ k_t)ᵀ, y_t = S_tᵀ q_t: a key's value is corrected.

    q, k and v are SiLU(U x), q and k scaled to unit length, in several heads. β is σ(·), up to `most`: with 2 in place
    of 1, eigenvalues reach from 1 to −1, and states can be tracked (Grazzi et al. 2025). The paper's layer has a short
    convolution before and a normalisation after it, which are left out.
    """

    name = "deltanet"
    title = "DeltaNet"
    family = "matrix memory"
    changes = "the recurrence: a matrix for a state, linear in it, corrected along a key"
    reference = "Yang et al. 2024; β up to 2: Grazzi et al. 2025"
    heads = Dial(4, sweep=(1, 2, 4), whole=True)
    most = Dial(1.0, sweep=(1.0, 2.0))

    @classmethod
    def skip(cls, situation: Situation) -> str | None:
        return units_of_heads(situation.hidden_size, int(situation.dials["heads"]))

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return DeltaCell(members, inputs, hidden, self.heads, self.most)
