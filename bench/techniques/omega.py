"""A regulariser against vanishing gradients."""

from torch import Tensor

from bench.engine import regularisers
from bench.engine.probe import Trajectory
from bench.techniques.base import Dial
from bench.techniques.tanh_network import TanhNetwork


class Omega(TanhNetwork):
    """The loss grows by λ Ω, which is 0 where gradients keep their norm from each step to the one before."""

    name = "omega"
    title = "Tanh RNN, Ω"
    family = "regulariser"
    changes = "the loss: a penalty on gradients that shrink or grow from one step to the one before"
    reference = "Pascanu, Mikolov & Bengio 2013, eq. 9"
    weight = Dial(1.0, sweep=(4.0, 1.0, 0.1))

    def penalty(self, trajectories: list[Trajectory]) -> Tensor:
        (trajectory,) = trajectories
        return self.weight * regularisers.omega(trajectory)
