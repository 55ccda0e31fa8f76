"""Techniques as people write them who have read no contract; each breaks one thing."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from bench.engine.layer import Layer
from bench.engine.recurrence import Recurrence
from bench.techniques.base import Dial, Technique
from bench.techniques.tanh import Tanh


class Bare(Technique):
    """No words but its name."""

    name = "bare"


class Cellless(Technique):
    """No cell."""

    name, title, family, changes, reference = "cellless", "None", "none", "nothing", "nobody"


class BlankTitle(Tanh):
    """A title that is none."""

    title = " "


class TimedByWord(Tanh):
    """A factor that is none."""

    rate_factor = "ten"  # type: ignore[assignment]


class UnknownOptimizer(Tanh):
    """An optimiser that is not there."""

    optimizer = "lion"


class UnknownStart(Tanh):
    """A scheme that is not there."""

    initialisation = "identity"  # type: ignore[assignment]


class UnknownParameter(Tanh):
    """A rate for what is not there."""

    parameter_rates: ClassVar = {"decay": 0.1}


class WrongDial(Tanh):
    """A sweep below what its dial allows."""

    share = Dial(0.1, sweep=(0.1, 0.0))


class HalfALayer(Tanh):
    """A count with a fraction."""

    depth = Dial(2, sweep=(1, 2.5), whole=True)


@dataclass
class Plain(Tanh):
    """Numbers as fields."""

    share: float = 0.1


class Own(Tanh):
    """A constructor of its own."""

    def __init__(self, hidden):
        super().__init__(hidden, None)


class Subclass(nn.LSTM, Tanh):
    """Torch's module as a base."""


class TorchLSTM(Tanh):
    """Torch's module as a cell."""

    def cell(self, members, inputs, hidden):
        return nn.LSTM(inputs, hidden, batch_first=True)


class ManyCells(Layer):
    """One of torch's modules a member."""

    def __init__(self, members, inputs, hidden):
        super().__init__()
        self.cells = nn.ModuleList(nn.LSTM(inputs, hidden) for _ in range(members))

    def reset(self, member, generator, scheme):
        with torch.no_grad():
            for name, p in self.cells[member].named_parameters():
                p.uniform_(-0.1, 0.1, generator=generator(name))

    def forward(self, x, state=None):
        return torch.stack([cell(each)[0] for cell, each in zip(self.cells, x, strict=True)]), ()

    @property
    def state_size(self):
        return 2


class ManyLSTM(Tanh):
    """A list of torch's modules."""

    def layers_of(self, members, inputs, hidden):
        return [ManyCells(members, inputs, hidden)]


class Cell(Recurrence):
    """A cell that subclasses spoil."""

    def step(self, drive, state):
        (h,) = state
        return (torch.tanh(drive + torch.bmm(h, self.recurrent_weight)),)


class OneNumber(Cell):
    def __init__(self, members, inputs, hidden):
        super().__init__(members, inputs, hidden)
        self.a = nn.Parameter(torch.tensor(0.5))


class OneEntry(Cell):
    def __init__(self, members, inputs, hidden):
        super().__init__(members, inputs, hidden)
        self.a = nn.Parameter(torch.full((1,), 0.5))


class OneAUnit(Cell):
    """It works where there are as many members as units, and couples them."""

    def __init__(self, members, inputs, hidden):
        super().__init__(members, inputs, hidden)
        self.a = nn.Parameter(torch.full((hidden,), 0.5))

    def step(self, drive, state):
        return (self.a * super().step(drive, state)[0],)


class ForThree(Cell):
    """Written for as many members as there were when it was tried."""

    def __init__(self, members, inputs, hidden):
        super().__init__(members, inputs, hidden)
        self.a = nn.Parameter(torch.full((3,), 0.5))


class ComplexWeights(Cell):
    def __init__(self, members, inputs, hidden):
        super().__init__(members, inputs, hidden)
        self.a = nn.Parameter(torch.ones(members, hidden, dtype=torch.complex64))


class DoubleWeights(Cell):
    def __init__(self, members, inputs, hidden):
        super().__init__(members, inputs, hidden)
        self.a = nn.Parameter(torch.ones(members, hidden, dtype=torch.float64))


class DoubleConstant(Cell):
    def step(self, drive, state):
        return (super().step(drive, state)[0] * torch.from_numpy(np.full(self.hidden, 0.5)),)


class Undrawn(Cell):
    def __init__(self, members, inputs, hidden):
        super().__init__(members, inputs, hidden)
        self.a = nn.Parameter(torch.empty(members, hidden))


class Buffered(Cell):
    def __init__(self, members, inputs, hidden):
        super().__init__(members, inputs, hidden)
        self.register_buffer("slope", torch.ones(members, 1, 1))


class DrawsAnywhere(Cell):
    @torch.no_grad()
    def reset(self, member, generator, scheme):
        super().reset(member, generator, scheme)
        self.recurrent_weight[member].normal_()


class DrawsByMember(Cell):
    @torch.no_grad()
    def reset(self, member, generator, scheme):
        super().reset(member, generator, scheme)
        self.bias[member] = float(member)


class DrawsAlike(Cell):
    @torch.no_grad()
    def reset(self, member, generator, scheme):
        super().reset(member, generator, scheme)
        for p in self.parameters():
            p[member].fill_(0.1)


class Unfinished(Recurrence):
    """Without a step it is abstract."""


class BareState(Cell):
    def step(self, drive, state):
        return super().step(drive, state)[0]


class WideState(Cell):
    def step(self, drive, state):
        return (torch.cat(super().step(drive, state) * 2, dim=-1),)


class BatchFirst(Cell):
    def forward(self, x, state=None, last=None):
        outputs, state = super().forward(x, state, last)
        return outputs.transpose(1, 2), state


class OutputsAlone(Cell):
    def forward(self, x, state=None, last=None):
        return super().forward(x, state, last)[0]


class Twice(Cell):
    def forward(self, x, state=None, last=None):
        outputs, state = super().forward(x, state, last)
        return torch.cat((outputs, outputs), dim=-1), state


class Squeezes(Cell):
    def step(self, drive, state):
        return (super().step(drive, state)[0].squeeze().view(drive.shape),) if len(drive) > 1 else (drive.squeeze(),)


class Coupled(Cell):
    def step(self, drive, state):
        (h,) = super().step(drive, state)
        return (h - h.mean(0, keepdim=True),)


class Explodes(Cell):
    def step(self, drive, state):
        return (super().step(drive, state)[0] / 0,)


class TakenState(Cell):
    states = ("x",)


class NoSuchState(Cell):
    cell_state = "c"


class TurnsComplex(Cell):
    def step(self, drive, state):
        return (torch.complex(*super().step(drive, state) * 2),)


class ComplexOutputs(Cell):
    complex_states = True

    def step(self, drive, state):
        return (state[0] * 0.5 + drive,)


def of(cell):
    """The technique that has this cell and nothing else of its own."""
    return type(
        f"With{cell.__name__}", (Tanh,), {"__doc__": "h'", "__module__": __name__, "cell": lambda self, *a: cell(*a)}
    )


class Undrawing(Tanh):
    """A draw below the readout alone."""

    def initialise(self, member, seed):
        raise SystemExit("no")


class Swapped(Tanh):
    """Batch before the scored steps."""

    def forward(self, inputs):
        return super().forward(inputs).transpose(1, 2)


class PenaltyOfItsOwnWay(Tanh):
    """A penalty that nobody asks for."""

    def accumulate(self, inputs, targets):
        return self.full_bptt(inputs, targets)

    def penalty(self, trajectories):
        return trajectories[0].states["h"].square().mean((1, 2, 3))


class ClipsTogether(Tanh):
    """One factor for all members."""

    def clip(self, gradients, norms):
        for g in gradients:
            g.mul_(1 / norms.sum())


class ClipsByTorch(Tanh):
    """The norm of all members' gradients."""

    def clip(self, gradients, norms):
        nn.utils.clip_grad_norm_([p for layer in self.layers for p in layer.parameters()], 1.0)


class ClipsSilently(Tanh):
    """It says whether any member was clipped, not which."""

    def clip(self, gradients, norms):
        return norms.max() > 1


EARLY = {
    Bare: "has no attributes title, family, changes, reference: add title =",
    Cellless: "does not define cell: return a .*Recurrence from `cell`, or subclass .*TanhNetwork",
    BlankTitle: "has no attribute title: ",
    TimedByWord: "rate_factor is 'ten'",
    UnknownParameter: "parameter_rates names 'decay', but .* bias, input_weight, recurrent_weight, weight",
    UnknownOptimizer: "optimizer is 'lion': write one of adam, .*sgd, or leave it out",
    UnknownStart: "initialisation is 'identity': write one of default, orthogonal,",
    WrongDial: "the dial share has a value that is not a positive number",
    HalfALayer: "the dial depth has a value that is not a positive whole number",
    Plain: "a dataclass, whose __init__ does not take .*: make its numbers dials",
    Own: r"one whose __init__ does not take \(blueprint, task\)",
    Subclass: "it subclasses LSTM as well as Technique",
    TorchLSTM: "LSTM is not a .*Layer: return a .*Recurrence from `cell`",
    ManyLSTM: r"parameter stack.0.cells.0.weight_ih_l0 is \(64, 5\) for 3 members: members must be the first axis",
    of(OneNumber): r"parameter stack.0.a is \(\) for 3 members",
    of(OneEntry): r"parameter stack.0.a is \(1,\) for 3 members",
    of(OneAUnit): r"parameter stack.0.a is \(16,\) for 3 members",
    of(ForThree): r"parameter stack.0.a is \(3,\)",
    of(ComplexWeights): "parameter stack.0.a is complex64: .* store a complex one as two",
    of(DoubleWeights): "parameter stack.0.a is float64: parameters must be float32",
    of(DoubleConstant): "running it on a few sequences ends in RuntimeError",
    of(Undrawn): "not finite at the start, or was never initialised",
    of(Buffered): "buffer 0.slope .* nn.Parameter with requires_grad=False",
    of(DrawsAnywhere): "uses the global random state",
    of(DrawsByMember): "two members with the same seed start from different weights",
    of(Unfinished): "building it for a few members ends in TypeError: .*abstract",
    of(BareState): r"gives a Tensor after a step, not a tuple of its states \(h\)",
    of(WideState): r"has the state h as \(3, 7, 32\) after a step, and as \(3, 7, 16\) before it",
    of(BatchFirst): r"gives \(3, 7, 23, 16\) for inputs \(3, 23, 7, 5\): both are \(members, steps, batch",
    of(OutputsAlone): "does not give a pair",
    of(Twice): r"top layer gives \(3, 23, 7, 32\), not .* = \(3, 23, 7, 16\)",
    of(TakenState): "calls its states x: give each its own name, other than x and cell",
    of(NoSuchState): "names the cell state c, but its states are h",
    of(TurnsComplex): "has the complex state h: set complex_states = True",
    of(ComplexOutputs): "gives complex outputs: turn its states into real outputs in `read`",
    of(Squeezes): "running it on a few sequences ends in|has the state h as",
    of(Coupled): "members are coupled",
    of(Explodes): "output is not finite",
    Undrawing: "building it for a few members ends in SystemExit: no",
    PenaltyOfItsOwnWay: "both `accumulate` and `penalty`",
    ClipsTogether: "`clip` scales a member's gradients by those of others",
    ClipsByTorch: "`clip` scales a member's gradients by those of others",
    ClipsSilently: "`clip` gives neither None nor which members were clipped",
    Swapped: r"output is \(3, 7, 2, 4\), not \(members, scored, batch, outputs\) = \(3, 2, 7, 4\)",
}  # fmt: skip
"""What is found when they are loaded, and what is said of them."""
