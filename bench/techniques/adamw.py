"""Adam with decoupled weight decay."""

from dataclasses import replace

from bench.techniques.base import Blueprint, Objective, Technique


class AdamW(Technique):
    """Adam's step, and beside it θ ← (1 − 0.01 η) θ: the decay is not scaled by the gradients' size."""

    name = "adamw"
    title = "Tanh RNN, AdamW"
    family = "optimiser"
    changes = "the optimiser: Adam with decoupled weight decay of 0.01"
    reference = "Loshchilov & Hutter 2019"

    def __init__(self, blueprint: Blueprint, task: Objective) -> None:
        super().__init__(replace(blueprint, optimizer="adamw"), task)
