"""The simple recurrent network of Elman (1990), with the pointwise function and the skip as choices."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bench.engine.activation import ACTIVATIONS, Activation
from bench.engine.native import NativeCell, constant
from bench.engine.recurrence import Recurrence, State, weight_gradient


class Elman(Recurrence):
    """h_t = carry · h_{t−1} + scale · f(x_t U + h_{t−1} W + b); carry 0 and scale 1 give the plain network."""

    blocks: ClassVar[int] = 1

    def __init__(
        self,
        members: int,
        inputs: int,
        hidden: int,
        activation: str | Activation = "tanh",
        carry: float = 0.0,
        scale: float = 1.0,
    ) -> None:
        super().__init__(members, inputs, hidden)
        self.activation = ACTIVATIONS[activation] if isinstance(activation, str) else activation
        self.carry, self.scale = carry, scale

    def step(self, drive: Tensor, state: State) -> State:
        (h,) = state
        a = self.activation.function(drive + torch.bmm(h, self.recurrent_weight))
        return (self.carry * h + self.scale * a,)

    def native(self) -> NativeCell | None:
        if self.activation.kernel is None:
            return None
        plain = self.carry == 0.0 and self.scale == 1.0
        slopes = 0 if plain and self.activation.backward is not None else 1
        kind = constant("elman", self.activation.kernel)
        scalars = (kind, float(self.activation.slope), float(self.carry), float(self.scale))
        return NativeCell("elman", (self.input_weight, self.bias, self.recurrent_weight), scalars, (slopes,))

    def unroll(self, drive: Tensor, state: State) -> tuple[Tensor, State]:
        """Unroll like the loop, by `ElmanFunction` where the activation's derivative follows from its value."""
        if self.activation.backward is None:
            return self.loop(drive, state)
        options = self.activation, self.carry, self.scale
        outputs: Tensor = ElmanFunction.apply(drive, self.recurrent_weight, state[0], *options)
        return outputs, (outputs[:, -1],)


class ElmanFunction(torch.autograd.Function):
    """BPTT through `Elman` in preallocated buffers; the weight's gradient is one product over all steps.

    With a_t = f(…) and δ_t = ∂L/∂(pre-activation): δ_t = scale · f′(a_t) ∘ dh_t,
    dh_{t−1} = ∂L/∂h_{t−1} + carry · dh_t + δ_t Wᵀ, and dW = Σ_t h_{t−1}ᵀ δ_t.
    """

    @staticmethod
    def forward(
        ctx: Any, drive: Tensor, weight: Tensor, start: Tensor, activation: Activation, carry: float, scale: float
    ) -> Tensor:
        plain = carry == 0.0 and scale == 1.0
        outputs = torch.empty_like(drive)
        activated = outputs if plain else torch.empty_like(drive)
        h = start
        for now, a, out in zip(drive.unbind(1), activated.unbind(1), outputs.unbind(1), strict=True):
            activation.in_place(torch.baddbmm(now, h, weight, out=a))
            if not plain:
                torch.mul(a, scale, out=out).add_(h, alpha=carry)
            h = out
        ctx.save_for_backward(weight, start, activated, outputs)
        ctx.activation, ctx.carry, ctx.scale = activation, carry, scale
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        weight, start, activated, outputs = ctx.saved_tensors
        carry, scale = ctx.carry, ctx.scale
        back = weight.transpose(1, 2)
        deltas = torch.empty_like(outputs)
        dh = torch.zeros_like(start)
        steps = list(zip(gradient.unbind(1), activated.unbind(1), deltas.unbind(1), strict=True))
        delta: Tensor | None = None
        for given, a, now in reversed(steps):
            if carry:
                dh.mul_(carry).add_(given)
                if delta is not None:
                    dh.baddbmm_(delta, back)
            elif delta is None:
                dh.copy_(given)
            else:
                torch.baddbmm(given, delta, back, out=dh)
            ctx.activation.backward(dh, a, grad_input=now)
            delta = now if scale == 1.0 else now.mul_(scale)
        d_start = torch.baddbmm(dh, deltas[:, 0], back, beta=carry) if ctx.needs_input_grad[2] else None
        d_weight = torch.bmm(start.transpose(1, 2), deltas[:, 0])
        if len(steps) > 1:
            d_weight += weight_gradient(outputs[:, :-1], deltas[:, 1:])
        return deltas, d_weight, d_start, None, None, None
