"""An Elman network from recurrent weights of a given spectral radius, for techniques that differ by the activation."""

from abc import ABC
from typing import ClassVar

from bench.engine.elman import Elman
from bench.engine.recurrence import Recurrence
from bench.engine.starts import scale_to_radius
from bench.techniques.base import Dial, Technique


class AtRadius(Technique, ABC):
    """W ← W ρ / max |λ(W)| at the start, W drawn as the baseline's (whose radius is near 0.58).

    For equal seeds and radii all of them start with the same weights. The radius tells how fast powers of W shrink or
    grow in the long run; over few steps ‖W‖ may still grow them.
    """

    activation: ClassVar[str]
    """A key of `bench.engine.activation.ACTIVATIONS`."""
    radius = Dial(1.0, sweep=(0.5, 0.8, 0.95, 1.0, 1.2, 1.5, 2.0))
    initialisation = "default"

    def cell(self, members: int, inputs: int, hidden: int) -> Recurrence:
        """The plain recurrence with this activation."""
        return Elman(members, inputs, hidden, activation=self.activation)

    def initialise(self, member: int, seed: int) -> None:
        super().initialise(member, seed)
        for layer in self.layers:
            scale_to_radius(layer.get_parameter("recurrent_weight").data[member], self.radius)
