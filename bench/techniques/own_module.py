"""A module of a user's own as a technique."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

from bench.engine.layer import Layer
from bench.engine.own_module import Make, OwnCell, OwnSequence
from bench.techniques.base import Technique


class OwnModule(Technique, ABC):
    """One layer: a module (B, T, I) → (B, T, H), or a cell (x, state) → state, as its author wrote it.

    `bptt-bench run --module` writes a file with a subclass. The readout, the loss and the training are the protocol's.
    """

    family = "own"
    changes = "the layer: a module of one's own"
    reference = "one's own"

    made_from: ClassVar[str]
    """The file and the class, as they were given."""
    make: ClassVar[Make]
    """The class, made as `make(inputs, hidden)`; a function has to be a staticmethod."""
    widths: ClassVar[tuple[float, ...]] = ()
    """The sizes of a cell's states, in units; empty for a module that reads whole sequences."""
    together: ClassVar[bool] = True
    """True if `vmap` can run its members at once."""
    by_protocol: ClassVar[bool] = False
    """True if its weights are drawn by the protocol, not by the module."""

    def cell(self, members: int, inputs: int, hidden: int) -> Layer:
        """Return the module, for all members."""
        make, together, by_protocol = type(self).make, self.together, self.by_protocol
        if not self.widths:
            return OwnSequence(members, inputs, hidden, make, together, by_protocol)
        widths = [round(width * hidden) for width in self.widths]
        return OwnCell(members, inputs, hidden, make, together, by_protocol, widths=widths)
