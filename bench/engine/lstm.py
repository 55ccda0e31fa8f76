"""The long short-term memory of Hochreiter & Schmidhuber (1997) with the forget gate of Gers et al. (2000)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor
from torch.autograd.function import once_differentiable

from bench.engine.native import NativeCell
from bench.engine.recurrence import Initialisation, Recurrence, State, weight_gradient

aten = torch.ops.aten


class LSTM(Recurrence):
    """i, f, o = σ(…), g = tanh(…), c_t = f ∘ c_{t−1} + i ∘ g, h_t = o ∘ tanh(c_t).

    Blocks in the order i, f, g, o, as torch's. The forget gate's bias starts at 1 unless said otherwise (Gers et
    al. 2000, Jozefowicz et al. 2015), once: there is one bias vector.
    """

    blocks: ClassVar[int] = 4
    states: ClassVar[tuple[str, ...]] = ("h", "c")
    cell_state: ClassVar[str | None] = "c"

    def __init__(self, members: int, inputs: int, hidden: int, forget_bias: float = 1.0) -> None:
        super().__init__(members, inputs, hidden)
        self.forget_bias = forget_bias

    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw the weights as every recurrence does, and set the forget gate's bias to its initial value."""
        super().reset(member, generator, scheme)
        with torch.no_grad():
            self.bias[member, self.hidden : 2 * self.hidden] = self.forget_bias

    def step(self, drive: Tensor, state: State) -> State:
        h, c = state
        i, f, g, o = (drive + torch.bmm(h, self.recurrent_weight)).chunk(4, dim=-1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

    def native(self) -> NativeCell | None:
        return NativeCell("lstm", (self.input_weight, self.bias, self.recurrent_weight), kept=(4, 1))

    def unroll(self, drive: Tensor, state: State) -> tuple[Tensor, State]:
        """Unroll like the loop, by `LSTMFunction`."""
        outputs, c = LSTMFunction.apply(drive, self.recurrent_weight, *state)
        return outputs, (outputs[:, -1], c)

    def fallback(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Run without our kernel: in single precision on the CPU by torch's own (oneDNN), the next best there."""
        if x.device.type != "cpu" or x.dtype != torch.float32:
            return super().fallback(x, state)
        h, c = state
        nothing = x.new_zeros(self.bias.shape[1])
        runs = []
        for e in range(x.shape[0]):
            weights = [self.input_weight[e].t(), self.recurrent_weight[e].t(), self.bias[e], nothing]
            runs.append(torch.lstm(x[e], (h[e : e + 1], c[e : e + 1]), weights, True, 1, 0.0, True, False, False))
        outputs, last_h, last_c = zip(*runs, strict=True)
        return torch.stack(outputs), (torch.cat(last_h), torch.cat(last_c))


class LSTMFunction(torch.autograd.Function):
    """BPTT through `LSTM` in preallocated buffers; the weight's gradient is one product over all steps.

    Returns the outputs (E, T, B, H) and the last cell state (E, B, H).
    """

    @staticmethod
    def forward(ctx: Any, drive: Tensor, weight: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        width = h.shape[-1]
        gates = torch.empty_like(drive)
        outputs, cells, squashed = (drive.new_empty(*drive.shape[:-1], width) for _ in range(3))
        start_h, start_c = h, c
        buffers = (drive, gates, outputs, cells, squashed)
        for now, z, h_next, c_next, s in zip(*(b.unbind(1) for b in buffers), strict=True):
            torch.baddbmm(now, h, weight, out=z)
            i, f, g, o = z.split(width, dim=-1)
            z[..., : 2 * width].sigmoid_()
            g.tanh_()
            o.sigmoid_()
            torch.mul(f, c, out=c_next).addcmul_(i, g)
            torch.mul(torch.tanh(c_next, out=s), o, out=h_next)
            h, c = h_next, c_next
        ctx.save_for_backward(weight, start_h, start_c, gates, outputs, cells, squashed)
        return outputs, c.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_outputs: Tensor, d_last: Tensor) -> tuple[Tensor, ...]:
        weight, start_h, start_c, gates, outputs, cells, squashed = ctx.saved_tensors
        width = start_h.shape[-1]
        back = weight.transpose(1, 2)
        d_gates = torch.empty_like(gates)
        before = (start_c, *cells.unbind(1)[:-1])
        steps = zip(d_outputs.unbind(1), gates.unbind(1), squashed.unbind(1), before, d_gates.unbind(1), strict=True)
        dh, dc, delta = torch.zeros_like(start_h), d_last.clone(), None
        for given, z, s, c_before, now in reversed(list(steps)):
            if delta is None:
                dh.copy_(given)
            else:
                torch.baddbmm(given, delta, back, out=dh)
            i, f, g, o = z.split(width, dim=-1)
            d_i, d_f, d_g, d_o = now.split(width, dim=-1)
            aten.sigmoid_backward.grad_input(dh * s, o, grad_input=d_o)
            dc += aten.tanh_backward(dh * o, s)
            aten.sigmoid_backward.grad_input(dc * g, i, grad_input=d_i)
            aten.sigmoid_backward.grad_input(dc * c_before, f, grad_input=d_f)
            aten.tanh_backward.grad_input(dc * i, g, grad_input=d_g)
            dc *= f
            delta = now
        d_start = torch.bmm(d_gates[:, 0], back)
        d_weight = torch.bmm(start_h.transpose(1, 2), d_gates[:, 0])
        if outputs.shape[1] > 1:
            d_weight += weight_gradient(outputs[:, :-1], d_gates[:, 1:])
        return d_gates, d_weight, d_start, dc
