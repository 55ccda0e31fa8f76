"""The minimal gated recurrent unit whose gates do not see the state."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from bench.engine.layer import Initialisation, State
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Dial, Technique


class MinGRUCell(Recurrence):
    """h_t = (1 − z) ∘ h_{t−1} + z ∘ g(x U_n + b_n), z = σ(x U_z + b_z); blocks in the order z, n.

    g(a) = a + 1/2 for a ≥ 0 and σ(a) below keeps the state positive, so that logarithms can be summed.
    """

    blocks = 2

    def __init__(self, members: int, inputs: int, hidden: int) -> None:
        super().__init__(members, inputs, hidden)
        del self.recurrent_weight  # the state enters by no weight

    @torch.no_grad()
    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """As every recurrence; either scheme says the same, for there is no recurrent weight."""
        bound = 1 / math.sqrt(self.hidden)
        self.input_weight[member].uniform_(-bound, bound, generator=generator("input"))
        self.bias[member].zero_()

    def step(self, drive: Tensor, state: State) -> State:
        (h,) = state
        drive_z, drive_n = drive.chunk(2, dim=-1)
        n = torch.where(drive_n >= 0, drive_n + 0.5, torch.sigmoid(drive_n))
        return (torch.lerp(h, n, torch.sigmoid(drive_z)),)

    def unroll(self, drive: Tensor, state: State) -> tuple[Tensor, State]:
        """As the loop, by a sum over logarithms for all steps at once (Heinsen 2023).

        With k_t = Σ_{s≤t} log(1 − z_s): h_t = exp(k_t) h_0 + exp(k_t + log Σ_{s≤t} exp(log z_s + log g_s − k_s)).
        """
        drive_z, drive_n = drive.chunk(2, dim=-1)
        log_g = torch.where(drive_n >= 0, torch.log(F.relu(drive_n) + 0.5), F.logsigmoid(drive_n))
        kept = F.logsigmoid(-drive_z).cumsum(dim=1)
        written = torch.logcumsumexp(F.logsigmoid(drive_z) + log_g - kept, dim=1)
        outputs = torch.exp(kept + written) + torch.exp(kept) * state[0].unsqueeze(1)
        return outputs, (outputs[:, -1],)


class MinGRU(Technique):
    """h_t = (1 − z) ∘ h_{t−1} + z ∘ g(U_n x_t), z = σ(U_z x_t): linear in the state; all steps are one scan.

    In one layer the gates cannot ask what has come before; more layers can. Between them stands nothing else:
    the paper's blocks add normalisation and a residual.
    """

    name = "mingru"
    title = "minGRU"
    family = "light gate"
    changes = "the cell: a gate from the input alone on a state without recurrent weights"
    reference = "Feng et al. 2024"
    depth = Dial(1, sweep=(3, 2, 1))

    def layers_of(self, members: int, inputs: int, hidden: int) -> list[Recurrence]:
        widths = [inputs] + [hidden] * (int(self.depth) - 1)
        return [MinGRUCell(members, width, hidden) for width in widths]
