"""The minimal gated recurrent unit whose gates do not see the state."""

import torch
from torch import Tensor

from bench.engine.layer import Layer, State, tower
from bench.engine.native import NativeCell
from bench.engine.recurrence import Recurrence
from bench.engine.scan import scan
from bench.techniques.base import Dial, Technique


class MinGRUCell(Recurrence):
    """h_t = (1 − z) ∘ h_{t−1} + z ∘ g(x U_n + b_n), z = σ(x U_z + b_z); blocks in the order z, n.

    g(a) = a + 1/2 for a ≥ 0 and σ(a) below, as in the form that the paper trains, whose state is positive.
    """

    blocks = 2
    recurrent = ()  # the state enters by no weight

    def step(self, drive: Tensor, state: State) -> State:
        (h,) = state
        z, n = gate_and_candidate(drive)
        return (torch.lerp(h, n, z),)

    def native(self) -> NativeCell | None:
        return NativeCell("mingru", (self.input_weight, self.bias), kept=(2,))

    def unroll(self, drive: Tensor, state: State) -> tuple[Tensor, State]:
        """Unroll like the loop: the gates of all steps at once, and then a scan."""
        z, n = gate_and_candidate(drive)
        outputs = scan(1 - z, z * n, state[0])
        return outputs, (outputs[:, -1],)


def gate_and_candidate(drive: Tensor) -> tuple[Tensor, Tensor]:
    """z and g(·) from their pre-activations side by side."""
    drive_z, drive_n = drive.chunk(2, dim=-1)
    return torch.sigmoid(drive_z), torch.where(drive_n >= 0, drive_n + 0.5, torch.sigmoid(drive_n))


class MinGRU(Technique):
    """h_t = (1 − z) ∘ h_{t−1} + z ∘ g(U_n x_t), z = σ(U_z x_t): linear in the state; all steps are one scan.

    In one layer the gates cannot ask what has come before; more layers can. Between them stands nothing else:
    the paper's blocks add normalisation and a residual.
    """

    name = "mingru"
    title = "minGRU"
    called = "minGRU"
    family = "light gate"
    changes = "the cell: a gate from the input alone on a state without recurrent weights"
    reference = "Feng et al. 2024"
    depth = Dial(1, sweep=(3, 2, 1), whole=True)

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return MinGRUCell(members, inputs, hidden)

    def layers_of(self, members: int, inputs: int, hidden: int) -> list[Layer]:
        return tower(self.cell, self.depth, members, inputs, hidden)
