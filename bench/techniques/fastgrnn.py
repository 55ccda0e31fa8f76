"""The fast gated recurrent network, whose gate and candidate share their weights."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn

from bench.engine.layer import Initialisation, State
from bench.engine.native import NativeCell
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Technique

ZETA, NU = 1.0, -4.0
"""Initial values before the sigmoid, as in the authors' code: ζ ≈ 0.73 and ν ≈ 0.02."""


class FastGRNNCell(Recurrence):
    """a = x U + h W, z = σ(a + b_z), n = tanh(a + b_n), h' = (σ(ζ) (1 − z) + σ(ν)) ∘ n + z ∘ h; biases z, n."""

    def __init__(self, members: int, inputs: int, hidden: int) -> None:
        super().__init__(members, inputs, hidden)
        self.bias = nn.Parameter(torch.zeros(members, 2 * hidden))
        self.zeta, self.nu = (nn.Parameter(torch.empty(members, 1)) for _ in range(2))

    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw the weights as every recurrence does; ζ and ν get their initial values."""
        super().reset(member, generator, scheme)
        with torch.no_grad():
            self.zeta[member], self.nu[member] = ZETA, NU

    def step(self, drive: Tensor, state: State) -> State:
        (h,) = state
        a = torch.baddbmm(drive, h, self.recurrent_weight)
        bias_z, bias_n = self.bias.unsqueeze(1).chunk(2, dim=-1)
        z, n = torch.sigmoid(a + bias_z), torch.tanh(a + bias_n)
        zeta, nu = (torch.sigmoid(w).unsqueeze(1) for w in (self.zeta, self.nu))
        return ((zeta * (1 - z) + nu) * n + z * h,)

    def drive(self, x: Tensor) -> Tensor:
        """x U alone: the biases, one for each use of the product, come with the step."""
        return torch.bmm(x.flatten(1, 2), self.input_weight).unflatten(1, x.shape[1:3])

    def native(self) -> NativeCell | None:
        squashed = torch.sigmoid(self.zeta), torch.sigmoid(self.nu)
        return NativeCell("fastgrnn", (self.input_weight, self.bias, self.recurrent_weight, *squashed), kept=(2,))


class FastGRNN(Technique):
    """h_t = (σ(ζ) (1 − z) + σ(ν)) ∘ n + z ∘ h_{t−1}, z = σ(a + b_z), n = tanh(a + b_n), a = U x_t + W h_{t−1}.

    ζ and ν are learned. Without what the paper adds to compress it: low rank, sparsity, integers. Biases 0.
    """

    name = "fastgrnn"
    title = "FastGRNN"
    called = "FastGRNN"
    family = "light gate"
    changes = "the cell: one gate that shares the candidate's weights"
    reference = "Kusupati et al. 2018"

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return FastGRNNCell(members, inputs, hidden)
