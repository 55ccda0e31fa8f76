"""The long short-term memory with a matrix for a cell."""

import math
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
from bench.engine.scan import scan
from bench.techniques.base import Dial, Situation, Technique

FORGET_BIASES = 3.0, 6.0
"""The first and the last head's at the start, as in the authors' code; those between are evenly spaced."""
INPUT_BIAS_SPREAD = 0.1


class MatrixCell(MatrixMemory):
    """C' = f C + i k vᵀ, n' = f n + i k, h = o ∘ C'ᵀ q / max(|n'ᵀ q|, 1) in each head; blocks q, k, v, o of x U + b.

    i = e^ĩ and f = σ(f̃), a number a head, where ĩ, f̃ = x U_g + b_g; k is divided by √d, o is a sigmoid. The memory
    carries e^−m C, e^−m n and m side by side. m' = max(log f + m, ĩ) keeps numbers from growing; it cancels out of h,
    and no gradient is followed through it.
    """

    blocks = 4
    states = ("memory",)

    def __init__(self, members: int, inputs: int, hidden: int, heads: int) -> None:
        super().__init__(members, inputs, hidden, heads)
        self.gate_weight = nn.Parameter(torch.empty(members, inputs, 2 * heads))
        self.gate_bias = nn.Parameter(torch.empty(members, 2 * heads))

    @torch.no_grad()
    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Set the gates' weights to 0, forget gates' biases between 3 and 6, and draw input gates' from N(0, 0.01)."""
        super().reset(member, generator, scheme)
        self.gate_weight[member].zero_()
        of_input, of_forget = self.gate_bias[member].chunk(2)
        of_input.normal_(0, INPUT_BIAS_SPREAD, generator=generator("input gate"))
        of_forget.copy_(torch.linspace(*FORGET_BIASES, self.heads))

    @property
    def state_size(self) -> int:
        """Count a matrix, a sum of keys and an exponent a head."""
        return self.matrix_size + self.hidden + self.heads

    def parts(self, memory: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Split a memory into C (…, heads, d, d), n (…, heads, d) and m (…, heads)."""
        c, n, m = memory.split([self.matrix_size, self.hidden, self.heads], dim=-1)
        return self.matrices(c), self.split(n), m

    def gates(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Compute ĩ and log f, (E, T, B, heads) each."""
        i, f = project(x, self.gate_weight, self.gate_bias).chunk(2, dim=-1)
        return i, F.logsigmoid(f)

    def addressed(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Compute q, k and v (E, T, B, heads, d) and o (E, T, B, H)."""
        q, k, v, o = super().drive(x).chunk(4, dim=-1)
        return self.split(q), self.split(k) / math.sqrt(self.size), self.split(v), torch.sigmoid(o)

    def drive(self, x: Tensor) -> Tensor:
        """Put k, v, ĩ and log f side by side: x (E, T, B, I) → (E, T, B, 2 H + 2 heads)."""
        _, k, v, _ = self.addressed(x)
        return torch.cat([k.flatten(-2), v.flatten(-2), *self.gates(x)], dim=-1)

    def step(self, drive: Tensor, state: State) -> State:
        k, v, i, log_f = drive.split([self.hidden, self.hidden, self.heads, self.heads], dim=-1)
        c, n, m = self.parts(state[0])
        later = torch.maximum(log_f + m, i).detach()
        f, i = torch.exp(log_f + m.detach() - later).unsqueeze(-1), torch.exp(i - later).unsqueeze(-1)
        written = i * self.split(k)
        c = f.unsqueeze(-1) * c + outer(written, self.split(v))
        return (torch.cat([c.flatten(-3), (f * n + written).flatten(-2), later], dim=-1),)

    def fallback(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Take all steps by the kernel where it runs, which gives what is read, (E, T, B, H), in place of memories."""
        if not runs_natively(x):
            return super().fallback(x, state)
        q, k, v, _ = self.addressed(x)
        i, log_f = self.gates(x)
        c, n, m = self.parts(state[0])
        exponents = self.exponents(i, log_f, m).detach()
        f = torch.exp(log_f + exponents[:, :-1] - exponents[:, 1:])
        written = torch.exp(i - exponents[:, 1:]).unsqueeze(-1) * k
        numbers, c = delta_rule(q, written, v, torch.zeros_like(f), f, c)
        sums = self.split(scan(f.repeat_interleave(self.size, dim=-1), written.flatten(-2), n.flatten(-2)))
        outputs = self.normalised(numbers, sums, exponents[:, 1:], q).flatten(-2)
        last = c.flatten(-3), sums[:, -1].flatten(-2), exponents[:, -1]
        return outputs, (torch.cat(last, dim=-1),)

    def exponents(self, i: Tensor, log_f: Tensor, m: Tensor) -> Tensor:
        """Give m before the first and after every step, (E, T + 1, B, heads).

        m_t = F_t + max(m_0, ĩ_s − F_s for s ≤ t), where F_t is the sum of log f up to t.
        """
        total = log_f.cumsum(1)
        largest = torch.maximum((i - total).cummax(1).values, m.unsqueeze(1))
        return torch.cat([m.unsqueeze(1), total + largest], dim=1)

    def normalised(self, numbers: Tensor, n: Tensor, m: Tensor, q: Tensor) -> Tensor:
        """Divide Cᵀ q / max(|nᵀ q|, e^−m), (…, heads, d), the limit being 1 before m was taken out."""
        return numbers / torch.maximum((n * q).sum(-1).abs(), torch.exp(-m)).unsqueeze(-1)

    def read(self, states: Tensor, x: Tensor) -> Tensor:
        """Read memories by the queries, unless the kernel has done so, and open the output gate."""
        q, _, _, o = self.addressed(x)
        if self.was_read(states):
            return o * states
        c, n, m = self.parts(states)
        return o * self.normalised(self.split(self.recalled(c, q)), n, m, q).flatten(-2)


class MLSTM(Technique):
    """C_t = f_t C_{t−1} + i_t k_t v_tᵀ, n_t = f_t n_{t−1} + i_t k_t, h_t = o_t ∘ C_tᵀ q_t / max(|n_tᵀ q_t|, 1).

    Input gates are exponential; there are several heads. q, k, v and the gates see the input alone, so that a memory is
    linear in its past. The paper's block (widening, a short convolution, normalisation of each head) is left out.
    """

    name = "mlstm"
    title = "mLSTM"
    family = "matrix memory"
    changes = "the cell: a matrix for a state, gated by the input, written to by keys and values"
    reference = "Beck et al. 2024 (xLSTM), eq. 19–27"
    heads = Dial(4, sweep=(1, 2, 4), whole=True)

    @classmethod
    def skip(cls, situation: Situation) -> str | None:
        return units_of_heads(situation.hidden_size, int(situation.dials["heads"]))

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return MatrixCell(members, inputs, hidden, self.heads)
