"""The temporal convolutional network of Bai, Kolter & Koltun (2018): causal convolutions with ever wider taps."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Generator, Tensor, nn

from bench.engine.layer import Initialisation, Layer, State
from bench.engine.linear import StackedLinear

NARROW = 0.01
"""Standard deviation of the maps of a residual connection at the start, as in the authors' code."""


def levels(steps: int, kernel: int) -> int:
    """Count the blocks with which the last of so many steps sees the first: 1 + 2 (k − 1) (2^n − 1) ≥ T."""
    count = 1
    while 1 + 2 * (kernel - 1) * (2**count - 1) < steps:
        count += 1
    return count


class TemporalConvolution(Layer):
    """`levels` blocks on one another, in which taps lie 1, 2, 4, … steps apart: no step sees a later one.

    The state are the past inputs that each convolution still sees, (E, (k − 1) d, B, ·): it is as long as the field.
    """

    def __init__(self, members: int, inputs: int, hidden: int, levels: int, kernel: int) -> None:
        super().__init__()
        widths = [inputs] + [hidden] * (levels - 1)
        self.blocks = nn.ModuleList(
            TemporalBlock(members, width, hidden, kernel, 2**level) for level, width in enumerate(widths)
        )

    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw every convolution from U(−1/√(inputs · k), 1/√(inputs · k)) with biases 0, as it is normalised."""
        for name, module in self.named_modules():
            if isinstance(module, CausalConvolution):
                module.reset(member, generator(name))
        for block in self._blocks():
            block.reset_shortcut(member, generator("shortcut"))

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Map a sequence (E, T, B, I) to a sequence (E, T, B, H)."""
        kept: list[Tensor] = []
        for n, block in enumerate(self._blocks()):
            x, *known = block(x, *(() if state is None else state[2 * n : 2 * n + 2]))
            kept += known
        return x, tuple(kept)

    @property
    def state_size(self) -> int:
        """Count the past inputs of all convolutions."""
        return sum(conv.reach * conv.direction.shape[2] for block in self._blocks() for conv in block.convolutions())

    def floats_a_step(self, dtype: torch.dtype) -> int:
        """Count what a block keeps: its convolutions' inputs, with the past before them, outputs and gradients."""
        return 8 * sum(block.second.bias.shape[-1] for block in self._blocks())

    def _blocks(self) -> Iterator[TemporalBlock]:
        for block in self.blocks:
            assert isinstance(block, TemporalBlock)
            yield block


class TemporalBlock(nn.Module):
    """relu(x + relu(conv(relu(conv(x))))), x by a map where the widths differ. Without dropout."""

    def __init__(self, members: int, inputs: int, hidden: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.first = CausalConvolution(members, inputs, hidden, kernel, dilation)
        self.second = CausalConvolution(members, hidden, hidden, kernel, dilation)
        self.shortcut = None if inputs == hidden else StackedLinear(members, inputs, hidden)

    def convolutions(self) -> tuple[CausalConvolution, CausalConvolution]:
        """Return both, in order."""
        return self.first, self.second

    @torch.no_grad()
    def reset_shortcut(self, member: int, generator: Generator) -> None:
        """Draw the map of the residual connection, if there is one, from N(0, 0.0001); its bias is 0."""
        if self.shortcut is not None:
            self.shortcut.weight[member].normal_(0, NARROW, generator=generator)
            self.shortcut.bias[member].zero_()

    def forward(self, x: Tensor, *past: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map x (E, T, B, I) and earlier inputs, if any, to (E, T, B, H) and the inputs that later steps still see."""
        first, second = past or (None, None)
        h, kept_first = self.first(x, first)
        h, kept_second = self.second(torch.relu(h), second)
        through = x if self.shortcut is None else self.shortcut(x)
        return torch.relu(through + torch.relu(h)), kept_first, kept_second


class CausalConvolution(nn.Module):
    """y_t = b + Σ_i x_{t − d i} W_i, the weights of an output normalised: W = g v / ‖v‖ (Salimans & Kingma 2016)."""

    def __init__(self, members: int, inputs: int, outputs: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.direction = nn.Parameter(torch.empty(members, kernel, inputs, outputs))
        self.gain, self.bias = (nn.Parameter(torch.empty(members, outputs)) for _ in range(2))
        self.dilation, self.reach = dilation, (kernel - 1) * dilation

    @torch.no_grad()
    def reset(self, member: int, generator: Generator) -> None:
        """Draw v from U(−1/√(inputs · k), 1/√(inputs · k)); g is its norm, so that W is v, and the bias 0."""
        v = self.direction[member]
        bound = (v.shape[0] * v.shape[1]) ** -0.5
        v.uniform_(-bound, bound, generator=generator)
        self.gain[member] = v.square().sum((0, 1)).sqrt()
        self.bias[member].zero_()

    def forward(self, x: Tensor, past: Tensor | None) -> tuple[Tensor, Tensor]:
        """Map x (E, T, B, I), past (E, reach, B, I) or zeros to (E, T, B, O), and the last `reach` inputs."""
        members, steps, batch, width = x.shape
        before = x.new_zeros(members, self.reach, batch, width) if past is None else past
        known = torch.cat([before, x], dim=1)
        flat = known.flatten(1, 2)
        length = self.direction.square().sum((1, 2)).sqrt()
        weight = self.direction * (self.gain / length)[:, None, None]
        y = self.bias.unsqueeze(1)
        for back, tap in enumerate(weight.unbind(1)):
            begin = (self.reach - back * self.dilation) * batch
            y = torch.baddbmm(y, flat[:, begin : begin + steps * batch], tap)
        return y.view(members, steps, batch, -1), known[:, steps:]
