"""Truncated back-propagation through time."""

import torch
from torch import Tensor

from bench.techniques.base import Dial, Situation
from bench.techniques.tanh_network import TanhNetwork


class TruncatedBPTT(TanhNetwork):
    """The baseline with the gradient cut every k steps: the state is carried on, the gradient is not.

    Windows are laid from the sequence's end, so that the last, scored one is whole and the first takes the
    remainder. The loss is that of the whole sequence and one update follows a batch, as everywhere. A window in
    which nothing is scored has no gradient, so it is only run forward.
    """

    name = "tbptt"
    title = "Truncated BPTT"
    called = "truncated BPTT"
    family = "truncated"
    source_row = "truncated"
    changes = "the gradient: cut every k steps"
    reference = "Williams & Peng 1990"
    window = Dial(10, sweep=(5, 10, 20, 50, 100), whole=True)

    @classmethod
    def skip(cls, situation: Situation) -> str | None:
        window = situation.dials["window"]
        if window >= situation.steps:
            return (
                f"a window of {window} steps covers the whole sequence of {situation.steps} steps, which is full BPTT"
            )
        return None

    def accumulate(self, inputs: Tensor, targets: Tensor) -> Tensor:
        window, scored = self.window, self.blueprint.scored
        steps = inputs.shape[1]
        total = inputs.new_zeros(inputs.shape[0])
        states = None
        for end in range(steps % window or window, steps + 1, window):
            begin = max(0, end - window)
            first = max(begin, steps - scored)  # of the scored steps in this window
            with torch.set_grad_enabled(end > first):
                features, states = self.body(inputs[:, begin:end], states)
                states = [tuple(s.detach() for s in state) for state in states]
                if end > first:
                    outputs = self.readout(features[:, first - begin :])
                    here = targets[:, first - (steps - scored) : end - (steps - scored)]
                    losses = self.task.loss(outputs, here) * ((end - first) / scored)
                    losses.sum().backward()
                    total += losses.detach()
        return total
