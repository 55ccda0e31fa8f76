"""The baseline from recurrent weights of a given spectral radius."""

from bench.engine.starts import scale_to_radius
from bench.techniques.base import Dial
from bench.techniques.tanh_network import TanhNetwork


class SpectralRadius(TanhNetwork):
    """The tanh network with W ← W ρ / max |λ(W)| at the start, W drawn as the baseline's (whose radius is near 0.58).

    The radius tells how fast powers of W shrink or grow in the long run; over few steps ‖W‖ may still grow them.
    """

    name = "spectral-radius"
    title = "Tanh RNN, spectral radius"
    family = "initialisation"
    changes = "the recurrent weights at the start: scaled to a spectral radius"
    reference = "Pascanu, Mikolov & Bengio 2013, section 2.1; Jaeger 2001"
    radius = Dial(1.0, sweep=(0.5, 0.8, 0.95, 1.0, 1.2, 1.5, 2.0))
    initialisation = "default"

    def initialise(self, member: int, seed: int) -> None:
        super().initialise(member, seed)
        for layer in self.layers:
            scale_to_radius(layer.get_parameter("recurrent_weight").data[member], self.radius)
