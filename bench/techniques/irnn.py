"""ReLU from the identity."""

import torch

from bench.engine.elman import Elman
from bench.engine.recurrence import Recurrence
from bench.engine.seeding import generator
from bench.techniques.base import Technique

INPUT_SPREAD = 0.001


class IRNN(Technique):
    """The ReLU network with W = I at the start and input weights from N(0, 0.001²): it begins as a sum over time."""

    name = "irnn"
    title = "IRNN"
    called = "IRNN"
    family = "relu"
    source_row = "relu"
    changes = "the activation to max(0, ·) and the recurrent weights to the identity at the start"
    reference = "Le, Jaitly & Hinton 2015"

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return Elman(members, inputs, hidden, activation="relu")

    def initialise(self, member: int, seed: int) -> None:
        super().initialise(member, seed)
        (layer,) = self.layers
        assert isinstance(layer, Recurrence)
        with torch.no_grad():
            torch.nn.init.eye_(layer.recurrent_weight[member])
            draw = generator("weights", seed, "irnn input")
            layer.input_weight[member].normal_(0, INPUT_SPREAD, generator=draw)
