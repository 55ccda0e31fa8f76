"""The simple recurrent network of Elman (1990), with the pointwise function and the skip as choices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bench.engine.recurrence import Recurrence, State, weight_gradient

aten = torch.ops.aten
Activation = Literal["tanh", "relu", "sigmoid"]


def _relu_backward(gradient: Tensor, output: Tensor, *, grad_input: Tensor) -> Tensor:
    return aten.threshold_backward.grad_input(gradient, output, 0.0, grad_input=grad_input)


_FUNCTIONS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[..., Tensor]]] = {
    # in place; gradient from the output alone
    "tanh": (torch.tanh_, aten.tanh_backward.grad_input),
    "relu": (torch.relu_, _relu_backward),
    "sigmoid": (torch.sigmoid_, aten.sigmoid_backward.grad_input),
}


class Elman(Recurrence):
    """h_t = carry · h_{t−1} + scale · f(x_t U + h_{t−1} W + b); carry 0 and scale 1 give the plain network."""

    blocks: ClassVar[int] = 1

    def __init__(
        self,
        members: int,
        inputs: int,
        hidden: int,
        activation: Activation = "tanh",
        carry: float = 0.0,
        scale: float = 1.0,
    ) -> None:
        super().__init__(members, inputs, hidden)
        self.activation, self.carry, self.scale = activation, carry, scale

    def step(self, drive: Tensor, state: State) -> State:
        (h,) = state
        f = getattr(torch, self.activation)
        return (self.carry * h + self.scale * f(drive + torch.bmm(h, self.recurrent_weight)),)

    def unroll(self, drive: Tensor, state: State) -> tuple[Tensor, State]:
        """As the loop, by `ElmanFunction`."""
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
        ctx: Any, drive: Tensor, weight: Tensor, start: Tensor, activation: str, carry: float, scale: float
    ) -> Tensor:
        function, _ = _FUNCTIONS[activation]
        plain = carry == 0.0 and scale == 1.0
        outputs = torch.empty_like(drive)
        activated = outputs if plain else torch.empty_like(drive)
        h = start
        for now, a, out in zip(drive.unbind(1), activated.unbind(1), outputs.unbind(1), strict=True):
            function(torch.baddbmm(now, h, weight, out=a))
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
        _, function_backward = _FUNCTIONS[ctx.activation]
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
            function_backward(dh, a, grad_input=now)
            delta = now if scale == 1.0 else now.mul_(scale)
        d_start = torch.baddbmm(dh, deltas[:, 0], back, beta=carry) if ctx.needs_input_grad[2] else None
        d_weight = torch.bmm(start.transpose(1, 2), deltas[:, 0])
        if len(steps) > 1:
            d_weight += weight_gradient(outputs[:, :-1], deltas[:, 1:])
        return deltas, d_weight, d_start, None, None, None
