"""Truncated back-propagation through time that is right on average."""

import hashlib
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bench.engine.elman import Elman
from bench.engine.layer import Layer, State
from bench.engine.native import NativeCell
from bench.engine.recurrence import Recurrence, weight_gradient
from bench.engine.seeding import generator
from bench.techniques.base import Dial, Technique


class Scaled(torch.autograd.Function):
    """h, whose gradient is multiplied by a factor (…, 1) on the way back."""

    @staticmethod
    def forward(ctx: Any, h: Tensor, factor: Tensor) -> Tensor:
        ctx.save_for_backward(factor)
        return h.view_as(h)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (factor,) = ctx.saved_tensors
        return gradient * factor, None


class CutElman(Elman):
    """The plain recurrence, with a factor a step on the gradient that goes from it to the state before.

    factors (E, T) are set while they are wanted; they are the last column of what `drive` gives.
    """

    factors: Tensor | None = None

    def native(self) -> NativeCell | None:
        """Return the kernel where nothing is scaled."""
        return super().native() if self.factors is None else None

    def floats_a_step(self, dtype: torch.dtype) -> int:
        """Count as for any layer: in training no kernel runs."""
        return Layer.floats_a_step(self, dtype)

    def drive(self, x: Tensor) -> Tensor:
        """Put x U + b and the factor side by side, (E, T, B, H + 1)."""
        drive = super().drive(x)
        factors = x.new_ones(x.shape[:2]) if self.factors is None else self.factors.to(x)
        return torch.cat([drive, factors[..., None, None].expand(*drive.shape[:3], 1)], dim=-1)

    def step(self, drive: Tensor, state: State) -> State:
        (h,) = state
        return super().step(drive[..., :-1], (Scaled.apply(h, drive[..., -1:]),))

    def unroll(self, drive: Tensor, state: State) -> tuple[Tensor, State]:
        """Unroll like the loop, by `CutFunction`."""
        outputs: Tensor = CutFunction.apply(drive[..., :-1], self.recurrent_weight, state[0], drive[:, :, 0, -1])
        return outputs, (outputs[:, -1],)


class CutFunction(torch.autograd.Function):
    """The way back through `CutElman` with tanh in preallocated buffers, as `ElmanFunction` has it.

    δ_t = (1 − h_t²) ∘ (∂L/∂h_t + r_{t+1} δ_{t+1} Wᵀ) with the factors r; dW = Σ_t h_{t−1}ᵀ δ_t.
    """

    @staticmethod
    def forward(ctx: Any, drive: Tensor, weight: Tensor, start: Tensor, factors: Tensor) -> Tensor:
        outputs = torch.empty_like(drive, memory_format=torch.contiguous_format)
        h = start
        for now, out in zip(drive.unbind(1), outputs.unbind(1), strict=True):
            h = torch.baddbmm(now, h, weight, out=out).tanh_()
        ctx.save_for_backward(weight, start, outputs, factors)
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        weight, start, outputs, factors = ctx.saved_tensors
        back = weight.mT.contiguous()
        deltas = gradient.clone(memory_format=torch.contiguous_format)
        above = torch.zeros_like(start)
        for t in range(outputs.shape[1] - 1, -1, -1):
            delta, h = deltas[:, t].add_(above), outputs[:, t]
            torch.ops.aten.tanh_backward.grad_input(delta, h, grad_input=delta)
            above = torch.bmm(delta, back).mul_(factors[:, t, None, None])
        before = torch.cat([start.unsqueeze(1), outputs[:, :-1]], dim=1)
        return deltas, weight_gradient(before, deltas), above, None


class RandomlyTruncatedBPTT(Technique):
    """The baseline with the gradient cut at random steps, and scaled up elsewhere, so that it is right on average.

    At a step that comes δ steps after the last cut, the gradient to the state before it is cut with the probability
    c = α / ((α − 1) L + δ), and is divided by 1 − c otherwise. Windows are L steps long on average, and few are long.
    Each update has its own cuts, the same for all of a batch. They are drawn from a generator whose key is the batch
    itself: equal seeds have equal cuts, and it does not matter who else trains. All states are kept.
    """

    name = "tbptt-random"
    title = "Random truncation"
    family = "truncated"
    changes = "the gradient: cut at random steps, scaled up where it is not"
    reference = "Tallec & Ollivier 2017"
    length = Dial(10, sweep=(5, 10, 20, 50), least=2, whole=True)
    tail = Dial(6.0, sweep=(4.0, 6.0), least=2.0)

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        return CutElman(members, inputs, hidden)

    def accumulate(self, inputs: Tensor, targets: Tensor) -> Tensor:
        (cell,) = self.layers
        assert isinstance(cell, CutElman)
        cell.factors = torch.tensor([self.factors(own) for own in inputs], dtype=torch.float64)
        try:
            return self.full_bptt(inputs, targets)
        finally:
            cell.factors = None

    def factors(self, inputs: Tensor) -> list[float]:
        """Draw one member's factors in an update: inputs (T, B, I), which name the generator."""
        batch = hashlib.sha256(inputs.detach().cpu().contiguous().numpy().tobytes()).hexdigest()
        steps = inputs.shape[0]
        draws = torch.rand(steps - 1, generator=generator("cuts", batch), dtype=torch.float64)
        return compensated(draws.tolist(), self.length, self.tail)


def compensated(draws: Sequence[float], length: int, tail: float) -> list[float]:
    """Give each step's factor, from a draw in [0, 1) for all but the first: 0 where it is below c, else 1 / (1 − c)."""
    found, since = [1.0], 0
    for draw in draws:
        since += 1
        c = tail / ((tail - 1) * length + since)
        cut = draw < c
        found.append(0.0 if cut else 1 / (1 - c))
        since = 0 if cut else since
    return found
