"""ReLU from the identity."""

import torch

from bench.engine.recurrence import Recurrence
from bench.engine.seeding import generator
from bench.techniques.relu import ReLU

INPUT_SPREAD = 0.001


class IRNN(ReLU):
    """The ReLU network with W = I at the start and input weights from N(0, 0.001²): it begins as a sum over time."""

    name = "irnn"
    title = "IRNN"
    changes = "the activation to max(0, ·) and the recurrent weights to the identity at the start"
    reference = "Le, Jaitly & Hinton 2015"

    def initialise(self, member: int, seed: int) -> None:
        super().initialise(member, seed)
        (layer,) = self.layers
        assert isinstance(layer, Recurrence)
        with torch.no_grad():
            torch.nn.init.eye_(layer.recurrent_weight[member])
            draw = generator("weights", seed, "irnn input")
            layer.input_weight[member].normal_(0, INPUT_SPREAD, generator=draw)
