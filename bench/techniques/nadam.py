"""Adam with Nesterov momentum."""

from dataclasses import replace

from bench.techniques.base import Blueprint, Objective, Technique


class NAdam(Technique):
    """Adam whose step looks ahead: the mean gradient is the one that the next update would start from."""

    name = "nadam"
    title = "Tanh RNN, NAdam"
    family = "optimiser"
    changes = "the optimiser: Adam with Nesterov's momentum"
    reference = "Dozat 2016"

    def __init__(self, blueprint: Blueprint, task: Objective) -> None:
        super().__init__(replace(blueprint, optimizer="nadam"), task)
