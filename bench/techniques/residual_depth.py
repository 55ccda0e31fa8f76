"""Residual connections over depth."""

from torch import Tensor

from bench.techniques.deep_tanh import DeepTanh


class ResidualDepth(DeepTanh):
    """Several tanh layers; above the first each passes on its input plus its output. Its twin is `deep-tanh`."""

    name = "residual-depth"
    title = "Residual over depth"
    source_row = "residual"
    changes = "the depth: several layers, each adding its input to its output"
    reference = "He et al. 2016; between recurrent layers: Wu et al. 2016"

    def connect(self, below: Tensor, output: Tensor) -> Tensor:
        return output if below.shape[-1] != output.shape[-1] else below + output
