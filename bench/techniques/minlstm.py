"""The minimal long short-term memory whose gates do not see the state."""

import torch
import torch.nn.functional as F
from torch import Tensor

from bench.engine.layer import Layer, State, tower
from bench.engine.recurrence import Recurrence
from bench.engine.scan import scan
from bench.techniques.base import Dial, Technique


class MinLSTMCell(Recurrence):
    """h_t = f' ∘ h_{t−1} + i' ∘ g(x U_n + b_n), f' = f / (f + i), i' = i / (f + i), f, i = σ(x U + b); blocks f, i, n.

    g(a) = a + 1/2 for a ≥ 0 and σ(a) below, as in the form that the paper trains, whose state is positive.
    """

    blocks = 3
    recurrent = ()  # the state enters by no weight

    def step(self, drive: Tensor, state: State) -> State:
        (h,) = state
        share, n = share_and_candidate(drive)
        return (torch.lerp(n, h, share),)

    def unroll(self, drive: Tensor, state: State) -> tuple[Tensor, State]:
        """Unroll like the loop: the gates of all steps at once, and then a scan."""
        share, n = share_and_candidate(drive)
        outputs = scan(share, n - share * n, state[0])
        return outputs, (outputs[:, -1],)


def share_and_candidate(drive: Tensor) -> tuple[Tensor, Tensor]:
    """Compute f' and g(·) from the pre-activations of f, i and n side by side.

    f / (f + i) is σ(log f − log i), which stays a number where both gates are closed.
    """
    f, i, n = drive.chunk(3, dim=-1)
    share = torch.sigmoid(F.logsigmoid(f) - F.logsigmoid(i))
    return share, torch.where(n >= 0, n + 0.5, torch.sigmoid(n))


class MinLSTM(Technique):
    """h_t = f' ∘ h_{t−1} + (1 − f') ∘ g(U_n x_t), f' = f / (f + i), f = σ(U_f x_t), i = σ(U_i x_t).

    It is linear in the state, so that all steps are one scan. As with the minGRU, more layers can ask what has come
    before, one cannot; between them stands nothing else: the paper's blocks add normalisation and a residual.
    """

    name = "minlstm"
    title = "minLSTM"
    family = "light gate"
    changes = "the cell: two gates from the input alone, which share out one, on a state without recurrent weights"
    reference = "Feng et al. 2024"
    depth = Dial(1, sweep=(3, 2, 1), whole=True)

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return MinLSTMCell(members, inputs, hidden)

    def layers_of(self, members: int, inputs: int, hidden: int) -> list[Layer]:
        return tower(self.cell, self.depth, members, inputs, hidden)
