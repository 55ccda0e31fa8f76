"""The causal Transformer encoder of Vaswani et al. (2017), normalised before each sublayer (Xiong et al. 2020)."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from bench.engine.layer import Initialisation, Layer, State
from bench.engine.linear import StackedLinear

WIDENING = 4
"""Width of the feed-forward sublayer relative to the model's, as in the paper."""


class Encoder(Layer):
    """y = norm(block(… block(x U + b + positions))): `depth` blocks of H units, in which no step sees a later one.

    The state are the keys and values of all earlier steps, two (E, S, B, H) a block: it grows with the sequence.
    """

    def __init__(self, members: int, inputs: int, hidden: int, depth: int, heads: int) -> None:
        super().__init__()
        self.embedding = StackedLinear(members, inputs, hidden)
        self.blocks = nn.ModuleList(Block(members, hidden, heads) for _ in range(depth))
        self.norm = StackedNorm(members, hidden)

    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Every map from U(−1/√inputs, 1/√inputs), biases 0, gains 1; no weight is recurrent, so either scheme."""
        for name, module in self.named_modules():
            if isinstance(module, StackedLinear):
                module.reset(member, generator(name))
            elif isinstance(module, StackedNorm):
                module.reset(member)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Map a sequence to a sequence. Positions count from its first step, even if a state is given."""
        past = 0 if state is None else state[0].shape[1]
        h = self.embedding(x)
        h = h + positions(past, past + h.shape[1], h.shape[-1]).to(h).view(1, h.shape[1], 1, -1)
        kept: list[Tensor] = []
        for n, block in enumerate(self.blocks):
            h, *known = block(h, *(() if state is None else state[2 * n : 2 * n + 2]))
            kept += known
        return self.norm(h), tuple(kept)

    @property
    def state_size(self) -> int:
        """Keys and values of one step. All are kept, so that after T steps it is T times as many."""
        return 2 * len(self.blocks) * self.norm.gain.shape[1]


class Block(nn.Module):
    """h + attention(norm(h)), then h + W₂ max(0, W₁ norm(h))."""

    def __init__(self, members: int, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_map = (StackedNorm(members, hidden) for _ in range(2))
        self.projections = StackedLinear(members, hidden, 3 * hidden)
        self.merge = StackedLinear(members, hidden, hidden)
        self.widen = StackedLinear(members, hidden, WIDENING * hidden)
        self.narrow = StackedLinear(members, WIDENING * hidden, hidden)

    def forward(self, h: Tensor, *past: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """h (E, T, B, H) and, if any, the keys and values of earlier steps → h and all keys and values."""
        query, key, value = self.projections(self.before_attention(h)).chunk(3, dim=-1)
        if past:
            key, value = torch.cat([past[0], key], dim=1), torch.cat([past[1], value], dim=1)
        h = h + self.merge(attend(query, key, value, self.heads))
        h = h + self.narrow(torch.relu(self.widen(self.before_map(h))))
        return h, key, value


class StackedNorm(nn.Module):
    """Layer normalisation (Ba et al. 2016) with a gain and a bias for each member."""

    def __init__(self, members: int, hidden: int) -> None:
        super().__init__()
        self.gain, self.bias = (nn.Parameter(torch.empty(members, hidden)) for _ in range(2))

    @torch.no_grad()
    def reset(self, member: int) -> None:
        """Gain 1, bias 0."""
        self.gain[member], self.bias[member] = 1.0, 0.0

    def forward(self, x: Tensor) -> Tensor:
        """(E, T, B, H) → (E, T, B, H)."""
        gain, bias = (p.view(len(p), 1, 1, -1) for p in (self.gain, self.bias))
        return torch.addcmul(bias, F.layer_norm(x, x.shape[-1:]), gain)


def attend(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """softmax(q kᵀ / √d) v in each head: query (E, T, B, H), the last T of the keys' S steps → (E, T, B, H)."""
    members, steps, batch, _ = query.shape
    known = key.shape[1]
    q, k, v = (x.transpose(1, 2).flatten(0, 1).unflatten(-1, (heads, -1)).transpose(1, 2) for x in (query, key, value))
    if known == steps:
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    else:
        seen = torch.ones(steps, known, dtype=torch.bool, device=q.device).tril(known - steps)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
    return mixed.transpose(1, 2).flatten(2).unflatten(0, (members, batch)).transpose(1, 2)


def positions(begin: int, end: int, hidden: int) -> Tensor:
    """sin(t / 10000^(2i/H)) in unit 2i and the cosine in unit 2i + 1, for the steps t in [begin, end): (T, H)."""
    unit = torch.arange(hidden)
    angle = torch.outer(torch.arange(begin, end, dtype=torch.float64), 10000.0 ** -(unit // 2 * 2 / hidden))
    return torch.where(unit % 2 == 0, angle.sin(), angle.cos())
