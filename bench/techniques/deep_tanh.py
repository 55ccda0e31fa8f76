"""A stack of tanh layers: the plain twin of `residual-depth`."""

from bench.engine.layer import Layer, tower
from bench.techniques.base import Dial
from bench.techniques.tanh_network import TanhNetwork


class DeepTanh(TanhNetwork):
    """Several tanh layers, each reading the one below at the same step."""

    name = "deep-tanh"
    title = "Deep tanh RNN"
    called = "deep tanh"
    family = "residual"
    changes = "the depth: several layers; the twin of residual-depth"
    reference = "El Hihi & Bengio 1995"
    depth = Dial(3, sweep=(2, 3, 4, 8), whole=True)

    def layers_of(self, members: int, inputs: int, hidden: int) -> list[Layer]:
        return tower(self.cell, self.depth, members, inputs, hidden)
