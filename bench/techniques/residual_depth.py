"""Residual connections over depth."""

from torch import Tensor

from bench.engine.layer import Layer, tower
from bench.techniques.base import Dial
from bench.techniques.tanh_network import TanhNetwork


class ResidualDepth(TanhNetwork):
    """Several tanh layers; above the first each passes on its input plus its output. Its twin is `deep-tanh`."""

    name = "residual-depth"
    title = "Residual over depth"
    called = "the residual over depth"
    family = "residual"
    source_row = "residual"
    changes = "the depth: several layers, each adding its input to its output"
    reference = "He et al. 2016; between recurrent layers: Wu et al. 2016"
    depth = Dial(3, sweep=(2, 3, 4, 8), whole=True)

    def layers_of(self, members: int, inputs: int, hidden: int) -> list[Layer]:
        return tower(self.cell, self.depth, members, inputs, hidden)

    def connect(self, below: Tensor, output: Tensor) -> Tensor:
        return output if below.shape[-1] != output.shape[-1] else below + output
