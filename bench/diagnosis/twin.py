"""Step-wise twins of torch's fused recurrent layers: the same numbers, with every state and gate in reach.

`nn.RNN`, `nn.LSTM` and `nn.GRU` run a whole sequence in one call, of which a gradient can be followed to the inputs
alone. A twin shares the weights of such a module, runs step by step, and keeps each h_t, c_t and gate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, linear
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

Carried: TypeAlias = Tensor | tuple[Tensor, Tensor]
"""The values carried over a layer's steps: h, or h and c."""
FUSED = (nn.RNN, nn.LSTM, nn.GRU)


@dataclass
class Track:
    """One layer's way through a batch in one direction, in the order of its steps in time."""

    layer: int
    reverse: bool
    hidden: list[Tensor] = field(default_factory=list)
    """h_t, (B, H) each."""
    cell: list[Tensor] = field(default_factory=list)
    """c_t of an LSTM."""
    gates: list[dict[str, Tensor]] = field(default_factory=list)


class StepwiseTwin(nn.Module):
    """A module that takes the place of an nn.RNN, nn.LSTM or nn.GRU, whose weights it shares.

    Any depth, direction and projection; batches first or second, unbatched and packed inputs. `tracks` holds what the
    last call went through.
    """

    def __init__(self, source: nn.RNNBase) -> None:
        super().__init__()
        self.source = source
        self.tracks: list[Track] = []

    def forward(
        self, x: Tensor | PackedSequence, state: Carried | None = None
    ) -> tuple[Tensor | PackedSequence, Carried]:
        """Run step by step; arguments and results are those of the module that it replaces."""
        source = self.source
        self.tracks = []
        if isinstance(x, PackedSequence):
            padded, lengths = pad_packed_sequence(x)
            out, last = self._run(padded, self._start(padded, state), lengths)
            return pack_padded_sequence(out, lengths, enforce_sorted=False), self._state(last)
        batched = x.dim() == 3
        states = state if state is None or batched else _map(state, lambda s: s.unsqueeze(1))
        x = x.transpose(0, 1) if batched and source.batch_first else x if batched else x.unsqueeze(1)
        out, last = self._run(x, self._start(x, states), None)
        if not batched:
            return out.squeeze(1), self._state([s.squeeze(1) for s in last])
        return out.transpose(0, 1) if source.batch_first else out, self._state(last)

    def __getattr__(self, name: str) -> Any:
        """Give sizes and weights of the module that it replaces to whoever asks for them."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("source"), name)

    def flatten_parameters(self) -> None:
        """Do nothing: weights are used as they are."""

    def _start(self, x: Tensor, state: Carried | None) -> list[Tensor]:
        if state is not None:
            return list(state) if isinstance(state, tuple) else [state]
        source = self.source
        count = source.num_layers * (2 if source.bidirectional else 1)
        sizes = [source.proj_size or source.hidden_size]
        sizes += [source.hidden_size] * (source.mode == "LSTM")
        return [x.new_zeros(count, x.shape[1], size) for size in sizes]

    def _state(self, last: list[Tensor]) -> Carried:
        return (last[0], last[1]) if self.source.mode == "LSTM" else last[0]

    def _run(self, x: Tensor, start: list[Tensor], lengths: Tensor | None) -> tuple[Tensor, list[Tensor]]:
        source = self.source
        ends: list[list[Tensor]] = []
        directions = (False, True) if source.bidirectional else (False,)
        for layer in range(source.num_layers):
            if layer and source.dropout and self.training:
                x = dropout(x, source.dropout, True)
            sides = []
            for reverse in directions:
                state = [s[len(ends)] for s in start]
                out, end = self._direction(Track(layer, reverse), x, state, lengths)
                sides.append(out)
                ends.append(end)
            x = torch.cat(sides, dim=-1)
        return x, [torch.stack(parts) for parts in zip(*ends, strict=True)]

    def _direction(
        self, track: Track, x: Tensor, state: list[Tensor], lengths: Tensor | None
    ) -> tuple[Tensor, list[Tensor]]:
        """One layer in one direction: x (T, B, I) to (T, B, H)."""
        weights = self._weights(track)
        drive = linear(x, weights["ih"], weights.get("b_ih")).unbind(0)  # an index's gradient is as large as the whole
        places = range(len(x) - 1, -1, -1) if track.reverse else range(len(x))
        outputs: list[Tensor] = []
        for t in places:
            new, gates = self._step(drive[t], state, weights)
            inside = None if lengths is None else (t < lengths).to(x.device).unsqueeze(1)
            state = new if inside is None else [torch.where(inside, n, s) for n, s in zip(new, state, strict=True)]
            for kept in state:
                if kept.requires_grad and not kept.is_leaf:
                    kept.retain_grad()
            track.hidden.append(state[0])
            track.cell += state[1:]
            track.gates.append(gates)
            outputs.append(state[0] if inside is None else state[0] * inside)
        if track.reverse:
            for kept_steps in (track.hidden, track.cell, track.gates, outputs):
                kept_steps.reverse()
        self.tracks.append(track)
        return torch.stack(outputs), state

    def _weights(self, track: Track) -> dict[str, Tensor]:
        suffix = f"_l{track.layer}{'_reverse' if track.reverse else ''}"
        names = {"ih": "weight_ih", "hh": "weight_hh", "b_ih": "bias_ih", "b_hh": "bias_hh", "hr": "weight_hr"}
        return {
            short: getattr(self.source, n + suffix) for short, n in names.items() if hasattr(self.source, n + suffix)
        }

    def _step(
        self, drive: Tensor, state: list[Tensor], weights: dict[str, Tensor]
    ) -> tuple[list[Tensor], dict[str, Tensor]]:
        recurrent = linear(state[0], weights["hh"], weights.get("b_hh"))
        match self.source.mode:
            case "LSTM":
                return _lstm(drive + recurrent, state[1], weights.get("hr"))
            case "GRU":
                return _gru(drive, recurrent, state[0])
            case mode:
                total = drive + recurrent
                return [torch.relu(total) if mode == "RNN_RELU" else torch.tanh(total)], {}


def _lstm(total: Tensor, cell: Tensor, projection: Tensor | None) -> tuple[list[Tensor], dict[str, Tensor]]:
    i, f, g, o = total.chunk(4, dim=-1)
    i, f, o = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o)
    cell = f * cell + i * torch.tanh(g)
    hidden = o * torch.tanh(cell)
    hidden = hidden if projection is None else linear(hidden, projection)
    return [hidden, cell], {"input": i.detach(), "forget": f.detach(), "output": o.detach()}


def _gru(drive: Tensor, recurrent: Tensor, hidden: Tensor) -> tuple[list[Tensor], dict[str, Tensor]]:
    dr, dz, dn = drive.chunk(3, dim=-1)
    rr, rz, rn = recurrent.chunk(3, dim=-1)
    r, z = torch.sigmoid(dr + rr), torch.sigmoid(dz + rz)
    n = torch.tanh(dn + r * rn)
    return [(1 - z) * n + z * hidden], {"reset": r.detach(), "update": z.detach()}


def _map(state: Carried, change: Callable[[Tensor], Tensor]) -> Carried:
    return (change(state[0]), change(state[1])) if isinstance(state, tuple) else change(state)


def with_twins(model: nn.Module) -> tuple[nn.Module, dict[str, StepwiseTwin]]:
    """Put twins in the place of a model's fused recurrent layers, in place. Returns the model, and twins by name.

    A subclass of one of torch's layers is left alone: it may run in a way of its own.
    """
    if type(model) in FUSED:
        twin = StepwiseTwin(model)  # type: ignore[arg-type]
        return twin, {"": twin}
    twins = {n: StepwiseTwin(m) for n, m in model.named_modules() if type(m) in FUSED}
    for name, twin in twins.items():
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, twin)
    return model, twins
