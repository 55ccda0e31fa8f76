"""The causal convolution of long sequences by Fourier transforms, with its way back."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.fft import irfft, rfft


def convolve(x: Tensor, kernel: Tensor) -> Tensor:
    """Sum y_t = Σ_{s ≤ t} k_{t−s} x_s: x (E, H, B, T), kernel (E, H, T) → (E, H, B, T), in T log T operations each."""
    outputs: Tensor = Convolution.apply(x, kernel)
    return outputs


class Convolution(torch.autograd.Function):
    """`convolve` of sequences filled up to twice their length, so that their ends do not meet.

    ∂L/∂x_s = Σ_{t ≥ s} k_{t−s} ∂L/∂y_t and ∂L/∂k_s = Σ_{t ≥ s} x_{t−s} ∂L/∂y_t: products with conjugate spectra.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor) -> Tensor:
        steps = x.shape[-1]
        spectra = rfft(x, 2 * steps), rfft(kernel, 2 * steps).unsqueeze(2)
        ctx.save_for_backward(*spectra)
        return irfft(spectra[0] * spectra[1], 2 * steps)[..., :steps]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        of_x, of_kernel = ctx.saved_tensors
        steps = gradient.shape[-1]
        above = rfft(gradient, 2 * steps)
        d_kernel = irfft((above * of_x.conj()).sum(2), 2 * steps)[..., :steps]
        return irfft(above.mul_(of_kernel.conj()), 2 * steps)[..., :steps], d_kernel
