"""The LSTM with biases for the length of the dependencies."""

import torch

from bench.engine import lstm
from bench.engine.recurrence import Recurrence
from bench.engine.seeding import generator
from bench.techniques.base import Technique


class LSTMChrono(Technique):
    """b_f ~ log U[1, T − 1] and b_i = −b_f at the start, so that units forget after 1 to T − 1 steps.

    A gate with σ(b) near 1 keeps its state for about exp(b) steps.
    """

    name = "lstm-chrono"
    title = "LSTM, chrono biases"
    family = "gated"
    source_row = "gated"
    changes = "the cell of lstm, and the initial biases of its gates: memories of 1 to T − 1 steps"
    reference = "Tallec & Ollivier 2018, eq. 16"

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return lstm.LSTM(members, inputs, hidden)

    def initialise(self, member: int, seed: int) -> None:
        super().initialise(member, seed)
        (layer,) = self.layers
        assert isinstance(layer, Recurrence)
        longest = max(2.0, self.blueprint.steps - 1.0)
        with torch.no_grad():
            gates = layer.bias[member].view(-1, layer.hidden)  # in the order i, f, g, o
            gates[1].uniform_(1.0, longest, generator=generator("weights", seed, "chrono")).log_()
            gates[0] = -gates[1]
