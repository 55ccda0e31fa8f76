"""The selective scan of Gu & Dao (2023) in one native call each way, which keeps no state but the last."""

from __future__ import annotations

from torch import Tensor

from bench.engine.native import NativeCell
from bench.engine.rerun import rerun


def selective_scan(
    step: Tensor, value: Tensor, b: Tensor, c: Tensor, a: Tensor, start: Tensor
) -> tuple[Tensor, Tensor]:
    """Run h_t = exp(Δ_t A) ∘ h_{t−1} + b_t v_t, y_t = Σ_n c_n h_n, by the kernel, for input that `runs_natively`.

    step Δ and value v (E, T, B, H), b and c (E, T, B, N), a (E, N · H), start (E, B, N · H) → all y_t (E, T, B, H) and
    the last state.
    """
    return rerun(NativeCell("selective", (step, value, b, c, a, start)), (*step.shape, b.shape[-1]), step.shape)
