"""A causal Transformer."""

from bench.engine.attention import Encoder
from bench.engine.layer import Layer
from bench.techniques.base import Dial, Situation, Technique


class Transformer(Technique):
    """softmax(q kᵀ / √d) v over all steps so far, in blocks with a feed-forward map: nothing is recurrent.

    A gradient reaches every step in as many layers as there are blocks, whatever the lag. The price: time grows
    with the square of the length, and what is kept, 2 · depth · H numbers a step, with the length. Positions are
    sinusoids, which cover any length. Normalised before each sublayer, it needs no warm-up of the rate (Xiong et
    al. 2020). The hidden size is its width.
    """

    name = "transformer"
    title = "Causal Transformer"
    called = "Transformer"
    family = "attention"
    changes = "the layer: attention to all earlier steps instead of a recurrence"
    reference = "Vaswani et al. 2017; normalised first: Xiong et al. 2020"
    depth = Dial(2, sweep=(1, 2), whole=True)
    heads = Dial(4, sweep=(1, 2, 4), whole=True)

    @classmethod
    def skip(cls, situation: Situation) -> str | None:
        heads = situation.dials["heads"]
        if situation.hidden_size % heads:
            return f"{situation.hidden_size} units cannot be divided into {heads} heads"
        return None

    def cell(self, members: int, inputs: int, hidden: int) -> Layer:
        return Encoder(members, inputs, hidden, self.depth, self.heads)
