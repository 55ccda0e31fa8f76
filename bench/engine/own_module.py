"""Ordinary modules of PyTorch as layers: many members of one module, side by side or one after the other.

A module knows neither members nor time first. Here its parameters get the members as first axis, and `torch.func` runs
them: all at once by `vmap`, or one after the other where that cannot follow the module, as torch's own fused LSTM.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.func import functional_call, vmap

from bench.engine.layer import Initialisation, Layer, State
from bench.engine.recurrence import Recurrence

Make = Callable[[int, int], nn.Module]
"""A class, or a function, that makes a module of so many features of an input and so many units."""


class Unrolled(nn.Module):
    """A cell run over all steps: x (T, B, I), states (B, ·) → the first state after each step, and the last states."""

    def __init__(self, cell: nn.Module) -> None:
        super().__init__()
        self.body = cell

    def forward(self, x: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """Call the cell step by step."""
        state: Any = states[0] if len(states) == 1 else states
        outputs = []
        for now in x.unbind(0):
            state = self.body(now, state)
            outputs.append(as_states(state)[0])
        return torch.stack(outputs), *as_states(state)


class Sequenced(nn.Module):
    """A module run on whole sequences: x (T, B, I) → outputs (T, B, H); of several results the first counts."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.body = module

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Call the module batch first."""
        outputs = self.body(x.transpose(0, 1))
        return ((outputs if isinstance(outputs, Tensor) else outputs[0]).transpose(0, 1),)


def as_states(state: Any) -> State:
    """Return the states of a cell as a tuple; a tensor alone is one."""
    return (state,) if isinstance(state, Tensor) else tuple(state)


def built(make: Make, inputs: int, hidden: int, seed: int) -> nn.Module:
    """Make a module whose random numbers depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make(inputs, hidden)


class Members:
    """The parameters of a module with the members as first axis, held by a layer, and the module that reads them."""

    def __init__(self, layer: nn.Module, runner: nn.Module, members: int, together: bool) -> None:
        self.runner, self.together = runner, together
        self.parameters = {name: name.replace(".", "_") for name, _ in runner.named_parameters()}
        self.buffers = {name: name.replace(".", "_") for name, _ in runner.named_buffers()}
        for name, parameter in runner.named_parameters():
            empty = torch.empty(members, *parameter.shape, dtype=parameter.dtype)
            layer.register_parameter(self.parameters[name], nn.Parameter(empty, parameter.requires_grad))
        for name, buffer in runner.named_buffers():
            layer.register_buffer(self.buffers[name], buffer.clone())

    def __call__(self, layer: nn.Module, *given: Tensor) -> tuple[Tensor, ...]:
        """Run every member on its own part of what is given, (E, …) each; returns (E, …) each."""
        parameters = {name: getattr(layer, own) for name, own in self.parameters.items()}
        buffers = {name: getattr(layer, own) for name, own in self.buffers.items()}

        def one(own: dict[str, Tensor], *given: Tensor) -> tuple[Tensor, ...]:
            return functional_call(self.runner, (own, buffers), given)

        with _numbers_of(given[0].dtype):
            if self.together and len(given[0]) > 1:
                return vmap(one)(parameters, *given)
            members = range(len(given[0]))
            found = [one({name: p[e] for name, p in parameters.items()}, *(x[e] for x in given)) for e in members]
        self._let_go()
        return tuple(torch.stack(parts) for parts in zip(*found, strict=True))

    def _let_go(self) -> None:
        """Make torch's fused modules forget the weights that they ran with, which would keep the last graph alive."""
        for module in self.runner.modules():
            if isinstance(module, nn.RNNBase):
                for name, parameter in module.named_parameters(recurse=False):
                    setattr(module, name, parameter)


@contextmanager
def _numbers_of(dtype: torch.dtype) -> Iterator[None]:
    """Let a module make zeros of this type where it names none, as most do that begin with an empty state."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


class _Own:
    """A layer that holds the members of a module: how their weights are drawn."""

    members_: Members

    def _prepare(self, make: Make, inputs: int, hidden: int, by_protocol: bool) -> None:
        self.make, self.inputs, self.hidden, self.by_protocol = make, inputs, hidden, by_protocol

    @torch.no_grad()
    def reset(self, member: int, generator: Callable[[str], Generator], scheme: Initialisation) -> None:
        """Draw one member's parameters: as its module does, or by the protocol's scheme."""
        seed = int(torch.randint(2**62, (1,), generator=generator("module")))
        fresh = built(self.make, self.inputs, self.hidden, seed)
        for name, drawn in fresh.named_parameters():
            stacked = getattr(self, self.members_.parameters[f"body.{name}"])[member]
            if self.by_protocol:
                _draw(stacked, generator(name), scheme, self.hidden)
            else:
                stacked.copy_(drawn)

    def floats_a_step(self, dtype: torch.dtype) -> int:
        """Count three of each number that is carried, and one and a half of each row of a matrix."""
        rows = sum(p.shape[1] for p in self.parameters() if p.dim() > 1)  # type: ignore[attr-defined]
        return 3 * self.state_size + 3 * rows // 2  # type: ignore[attr-defined]


def _draw(weight: Tensor, generator: Generator, scheme: Initialisation, hidden: int) -> None:
    """Draw by the protocol: matrices from U(−1/√H, 1/√H), or where they are square orthogonal; vectors are 0."""
    if weight.dim() < 2:
        weight.zero_()
        return
    weight.uniform_(-(hidden**-0.5), hidden**-0.5, generator=generator)
    if scheme == "orthogonal" and weight.shape[-1] == hidden and weight.dim() == 2 and not len(weight) % hidden:
        for block in weight.split(hidden):
            block.copy_(nn.init.orthogonal_(torch.empty_like(block), generator=generator))


class OwnSequence(_Own, Layer):
    """A module (B, T, I) → (B, T, H) for many members. It has no steps that a probe could follow."""

    def __init__(
        self, members: int, inputs: int, hidden: int, make: Make, together: bool, by_protocol: bool = False
    ) -> None:
        super().__init__()
        self._prepare(make, inputs, hidden, by_protocol)
        self.members_ = Members(self, Sequenced(built(make, inputs, hidden, 0)), members, together)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Map x (E, T, B, I) to (E, T, B, H). Nothing is carried from one call to the next."""
        return self.members_(self, x)[0], ()

    @property
    def state_size(self) -> int:
        """Count one number a unit: what a module carries inside is not known."""
        return self.hidden


class OwnCell(_Own, Recurrence):
    """A cell (x, state) → state for many members; its states begin at 0, and a probe follows them."""

    recurrent = ()

    def __init__(
        self,
        members: int,
        inputs: int,
        hidden: int,
        make: Make,
        together: bool,
        by_protocol: bool = False,
        *,
        widths: Sequence[int],
    ) -> None:
        nn.Module.__init__(self)  # a recurrence's own weights are not wanted
        self._prepare(make, inputs, hidden, by_protocol)
        self.widths = tuple(widths)
        self.states = names_of(len(widths))  # type: ignore[misc]
        self.members_ = Members(self, Unrolled(built(make, inputs, hidden, 0)), members, together)

    @property
    def state_size(self) -> int:
        """Count all that is carried."""
        return sum(self.widths)

    def start(self, x: Tensor) -> State:
        """Return zeros (E, B, ·) for each state."""
        return tuple(x.new_zeros(x.shape[0], x.shape[2], width) for width in self.widths)

    def drive(self, x: Tensor) -> Tensor:
        """Return the input as it is: the cell multiplies it."""
        return x

    def step(self, drive: Tensor, state: State) -> State:
        """Call the cell once: drive (E, B, I), states (E, B, ·)."""
        return self.members_(self, drive.unsqueeze(1), *state)[1:]

    def unroll(self, drive: Tensor, state: State) -> tuple[Tensor, State]:
        """Call the cell for all steps, for all members at once or for each in turn."""
        outputs, *ends = self.members_(self, drive, *state)
        return outputs, tuple(ends)


def names_of(count: int) -> tuple[str, ...]:
    """Name so many states: h, or h and c, or more of them."""
    return ("h", "c")[:count] if count < 3 else ("h", *(f"s{n}" for n in range(2, count + 1)))
