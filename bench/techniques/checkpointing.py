"""Full back-propagation through time with checkpoints."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from bench.engine.layer import Layer, State
from bench.techniques.tanh_network import TanhNetwork


class Checkpointing(TanhNetwork):
    """The baseline, of whose states only every √T-th is kept: those between are computed again on the way back.

    The gradient is that of the baseline up to rounding, also where every step is scored, for the loss is taken part by
    part too. An update holds of the order of √T states in place of T, and takes one more forward pass.
    """

    name = "checkpointing"
    title = "Checkpointing"
    family = "truncated"
    changes = "the memory: states between checkpoints are computed twice"
    reference = "Gruslys et al. 2016; Chen et al. 2016"

    def accumulate(self, inputs: Tensor, targets: Tensor) -> Tensor:
        if any(map(followed, self.layers)):
            return self.full_bptt(inputs, targets)
        steps, scored = inputs.shape[1], self.blueprint.scored
        size = math.isqrt(steps - 1) + 1
        total = inputs.new_zeros(inputs.shape[0])
        above: list[Tensor] = []  # the loss's gradient at the states after a part
        for begin, start in reversed(self._checkpoints(inputs, size)):
            end = min(begin + size, steps)
            first = max(begin, steps - scored)  # of the scored steps in this part
            features, ends = self.body(inputs[:, begin:end], start)
            roots = [state for layer in ends for state in layer] if above else []
            if end > first:
                outputs = self.readout(features[:, first - begin :])
                here = targets[:, first - (steps - scored) : end - (steps - scored)]
                losses = self.task.loss(outputs, here) * ((end - first) / scored)
                total += losses.detach()
                roots, above = [*roots, losses], [*above, torch.ones_like(losses)]
            torch.autograd.backward(roots, above)
            above = [state.grad for layer in start or () for state in layer if state.grad is not None]
        return total

    @torch.no_grad()
    def _checkpoints(self, inputs: Tensor, size: int) -> Sequence[tuple[int, list[State] | None]]:
        """Give each part's first step and the layers' states before it: copies, since a view would hold all steps."""
        found: list[tuple[int, list[State] | None]] = [(0, None)]
        for begin in range(size, inputs.shape[1], size):
            _, ends = self.body(inputs[:, begin - size : begin], found[-1][1], last=1)
            found.append((begin, [tuple(state.clone().requires_grad_() for state in layer) for layer in ends]))
        return found


def followed(layer: Layer) -> bool:
    """Return True while a probe follows a layer's states, for which it replaces this method of the layer's own."""
    return "unroll" in vars(layer)
