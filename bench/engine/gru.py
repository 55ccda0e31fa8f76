"""The gated recurrent unit of Cho et al. (2014), reset gate after the product."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor, nn
from torch.autograd.function import once_differentiable

from bench.engine.native import NativeCell
from bench.engine.recurrence import Initialisation, Recurrence, State, weight_gradient

aten = torch.ops.aten


class GRU(Recurrence):
    """r, z = σ(…), n = tanh(x U_n + b_n + r ∘ (h W_n + b_r)), h_t = (1 − z) ∘ n + z ∘ h_{t−1}.

    Blocks in the order r, z, n, as torch's. The reset gate is applied after the product, which so carries a bias
    of its own; the update gate z keeps (in Cho et al. it is the same: z weighs the old state).
    """

    blocks: ClassVar[int] = 3

    def __init__(self, members: int, inputs: int, hidden: int) -> None:
        super().__init__(members, inputs, hidden)
        self.candidate_bias = nn.Parameter(torch.zeros(members, hidden))

    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw the weights as every recurrence does; all biases are 0."""
        super().reset(member, generator, scheme)
        with torch.no_grad():
            self.candidate_bias[member].zero_()

    def step(self, drive: Tensor, state: State) -> State:
        (h,) = state
        drive_r, drive_z, drive_n = drive.chunk(3, dim=-1)
        back_r, back_z, back_n = torch.bmm(h, self.recurrent_weight).chunk(3, dim=-1)
        r, z = torch.sigmoid(drive_r + back_r), torch.sigmoid(drive_z + back_z)
        n = torch.tanh(drive_n + r * (back_n + self.candidate_bias.unsqueeze(1)))
        return ((1 - z) * n + z * h,)

    def native(self) -> NativeCell | None:
        parameters = (self.input_weight, self.bias, self.recurrent_weight, self.candidate_bias)
        return NativeCell("gru", parameters, kept=(3, 1))

    def unroll(self, drive: Tensor, state: State) -> tuple[Tensor, State]:
        """Unroll like the loop, by `GRUFunction`."""
        outputs: Tensor = GRUFunction.apply(drive, self.recurrent_weight, self.candidate_bias, state[0])
        return outputs, (outputs[:, -1],)


class GRUFunction(torch.autograd.Function):
    """BPTT through `GRU` in preallocated buffers; the weight's gradient is one product over all steps."""

    @staticmethod
    def forward(ctx: Any, drive: Tensor, weight: Tensor, bias: Tensor, start: Tensor) -> Tensor:
        width = start.shape[-1]
        gates = torch.empty_like(drive)  # r, z, n after their functions
        outputs, products = (drive.new_empty(*drive.shape[:-1], width) for _ in range(2))
        weight_rz, weight_n = (w.contiguous() for w in weight.split([2 * width, width], dim=-1))
        offset = bias.unsqueeze(1)
        h = start
        buffers = (drive, gates, outputs, products)
        for now, gate, h_next, product in zip(*(b.unbind(1) for b in buffers), strict=True):
            rz = torch.baddbmm(now[..., : 2 * width], h, weight_rz).sigmoid_()
            torch.baddbmm(offset, h, weight_n, out=product)
            r, z = rz.split(width, dim=-1)
            n = torch.addcmul(now[..., 2 * width :], r, product).tanh_()
            torch.lerp(n, h, z, out=h_next)  # n + z (h − n)
            gate[..., : 2 * width], gate[..., 2 * width :] = rz, n
            h = h_next
        ctx.save_for_backward(weight, start, gates, outputs, products)
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, ...]:
        weight, start, gates, outputs, products = ctx.saved_tensors
        width = start.shape[-1]
        back = weight.transpose(1, 2)
        d_products = torch.empty_like(gates)  # ∂L/∂(h W): the n block carries r as a factor
        d_candidates = torch.empty_like(outputs)  # ∂L/∂(x U_n + b_n)
        before = (start, *outputs.unbind(1)[:-1])
        buffers = (gradient, gates, products, d_products, d_candidates)
        dh = torch.zeros_like(start)
        for given, gate, product, now, d_n, h in reversed(
            list(zip(*(b.unbind(1) for b in buffers), before, strict=True))
        ):
            dh += given
            r, z, n = gate.split(width, dim=-1)
            d_r, d_z, d_back_n = now.split(width, dim=-1)
            aten.sigmoid_backward.grad_input(dh * (h - n), z, grad_input=d_z)
            kept = dh * z
            aten.tanh_backward.grad_input(dh - kept, n, grad_input=d_n)
            aten.sigmoid_backward.grad_input(d_n * product, r, grad_input=d_r)
            torch.mul(d_n, r, out=d_back_n)
            dh = torch.baddbmm(kept, now, back)
        d_weight = torch.bmm(start.transpose(1, 2), d_products[:, 0])
        if outputs.shape[1] > 1:
            d_weight += weight_gradient(outputs[:, :-1], d_products[:, 1:])
        d_drive = torch.cat([d_products[..., : 2 * width], d_candidates], dim=-1)
        d_bias = d_products[..., 2 * width :].sum((1, 2))
        return d_drive, d_weight, d_bias, dh
