"""The gated delta rule on matrices of memory in one native call each way, which keeps no state but the last."""

from __future__ import annotations

from torch import Tensor

from bench.engine.native import NativeCell
from bench.engine.rerun import rerun


def delta_rule(
    query: Tensor, key: Tensor, value: Tensor, beta: Tensor, kept: Tensor, start: Tensor
) -> tuple[Tensor, Tensor]:
    """Run S_t = f_t (S_{t−1} − β_t k_t (S_{t−1}ᵀ k_t)ᵀ) + k_t v_tᵀ, o_t = S_tᵀ q_t, for input that `runs_natively`.

    query and key (E, T, B, heads, K), value (E, T, B, heads, V), β and `kept` f (E, T, B, heads), start
    (E, B, heads, K, V) → all o_t (E, T, B, heads, V) and the last S. With f = 1 and v = β v' it is the delta rule,
    with β = 0 linear attention with a gate.
    """
    cell = NativeCell("delta", (query, key, value, beta, kept, start))
    return rerun(cell, (*query.shape, value.shape[-1]), value.shape)
