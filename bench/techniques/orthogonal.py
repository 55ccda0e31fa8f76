"""The baseline from orthogonal recurrent weights."""

from dataclasses import replace

from bench.techniques.base import Blueprint, Objective, Technique


class Orthogonal(Technique):
    """The tanh network with Wᵀ W = I at the start, gain 1; not kept orthogonal in training."""

    name = "orthogonal"
    title = "Tanh RNN, orthogonal start"
    family = "initialisation"
    changes = "the recurrent weights at the start: an orthogonal matrix"
    reference = "Saxe, McClelland & Ganguli 2014"

    def __init__(self, blueprint: Blueprint, task: Objective) -> None:
        super().__init__(replace(blueprint, initialisation="orthogonal", recurrent_gain=1.0), task)
