"""Techniques that break their contract in ways that show only when they train, or that no load looks at."""

import math

import torch

from bench.engine.elman import Elman
from bench.techniques.base import Dial
from bench.techniques.tanh import Tanh


class Undocumented(Tanh):
    __doc__ = None


class NamedWithCapital(Tanh):
    """A name to be quoted."""

    name = "Mine"


class DeafDial(Tanh):
    """A dial that cannot be set."""

    share = Dial(0.1, sweep=(0.1, 0.2))

    def __init__(self, blueprint, task):
        super().__init__(blueprint, task)
        object.__setattr__(self, "blueprint", type(blueprint)(**{**vars(blueprint), "dials": {}}))


class Blind(Tanh):
    """It does not look at its inputs."""

    def forward(self, inputs):
        return super().forward(torch.zeros_like(inputs))


class Frozen(Tanh):
    """It never moves."""

    def clip(self, gradients, norms):
        for g in gradients:
            g.zero_()


class ProjectsTogether(Tanh):
    """A bound that all members share."""

    def after_update(self):
        for p in self.parameters():
            p.clamp_(max=p.abs().max().item() * 0.9)


class RaisesOnDivergence(Tanh):
    """A member that diverges takes all others along."""

    def after_update(self):
        if not math.isfinite(self.readout.weight.sum().item()):
            raise ArithmeticError("not finite")


class BoundsInUpdate(Tanh):
    """A bound that belongs into after_update."""

    def update(self, optimizer, inputs, targets):
        found = super().update(optimizer, inputs, targets)
        with torch.no_grad():
            for p in self.parameters():
                p.clamp_(-0.1, 0.1)
        return found


class PenaltyForAll(Tanh):
    """One number for all members."""

    def penalty(self, trajectories):
        return trajectories[0].states["h"].square().mean()


class ConstantPenalty(Tanh):
    """A penalty that depends on no parameter."""

    def penalty(self, trajectories):
        return trajectories[0].gradients["h"].square().mean((1, 2, 3))


class Remembers(Tanh):
    """It keeps something a member, and does not let go of it."""

    seen: torch.Tensor | None = None

    def clip(self, gradients, norms):
        self.seen = norms.clone() if self.seen is None else 0.5 * (self.seen + norms)
        for g in gradients:
            g.div_(self.seen.view(-1, *[1] * (g.dim() - 1)))


class Mute(Tanh):
    """Its state is always 0."""

    def cell(self, members, inputs, hidden):
        return Elman(members, inputs, hidden, carry=0.0, scale=0.0)


LATE = {
    Undocumented: "no docstring",
    NamedWithCapital: "the name 'Mine' must consist of lower-case letters",
    DeafDial: "setting the dial share to 0.2 has no effect",
    Blind: "does not learn: after 100 updates",
    Frozen: "does not learn",
    Mute: "does not learn",
    ProjectsTogether: "trains differently when others are in the stack",
    RaisesOnDivergence: "training it among others ends in ArithmeticError: not finite",
    BoundsInUpdate: "not in proportion to its learning rate: .* belongs into after_update",
    PenaltyForAll: r"`penalty` gives \(\), not one number per member, \(3,\)",
    ConstantPenalty: "`penalty` depends on no parameter",
    Remembers: "going on with fewer members ends in RuntimeError",
}
"""What the contract's tests find, and what they say."""
