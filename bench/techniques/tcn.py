"""A temporal convolutional network, for reference: no recurrence, so that nothing need be carried."""

from bench.engine.layer import Layer
from bench.engine.temporal_convolution import TemporalConvolution, levels
from bench.techniques.base import Dial, Technique


class TCN(Technique):
    """Dilated causal convolutions in residual blocks, as many as it takes for the last step to see the first.

    Between any two steps lie as many maps as there are blocks, the logarithm of the length. Weights are normalised;
    without dropout. It sees as far as its blocks reach, and no further.
    """

    name = "tcn"
    title = "TCN"
    family = "convolution"
    changes = "the architecture: dilated causal convolutions in place of a recurrence"
    reference = "Bai, Kolter & Koltun 2018"
    kernel = Dial(3, sweep=(3, 7), least=2, whole=True)

    def cell(self, members: int, inputs: int, hidden: int) -> Layer:
        return TemporalConvolution(members, inputs, hidden, levels(self.blueprint.steps, self.kernel), self.kernel)
