"""The word problem of the symmetric group S5."""

from __future__ import annotations

from functools import cache
from itertools import permutations

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from bench.batch import Batch
from bench.tasks.base import Split, Task

THINGS = 5
ELEMENTS = 120


class S5(Task):
    """Say after every permutation of five things where all that came so far lead.

    With three things in place of five, permutations written as what stands at places 1, 2, 3:

        input   213 132 213
        answer  213 231 321

    The lag is the sequence's length, and no permutation may be forgotten or confused in its order. The group is not
    solvable, so that its word problem is complete for NC¹: a fixed number of layers whose recurrence is diagonal, or
    depends on the input alone through diagonal matrices, cannot solve it at all lengths (Merrill et al. 2024). Any
    network with a state that is transformed, as a tanh RNN's, can.

    Source: Merrill, Petty & Sabharwal 2024, section 5, who take words of the 60 even permutations and of S5.
    """

    name = "s5"
    title = "Words of S5"
    short = "S5"
    about = (
        "A stream of permutations of five things; after each one the network has to say how the five stand after all "
        "of them."
    )
    lag_means = "the length of the sequence"
    reference = "Merrill, Petty & Sabharwal 2024, section 5"
    inputs = outputs = ELEMENTS
    metric_name = "share of steps classified correctly"

    def sample(self, generator: Generator, batch_size: int, lag: int, split: Split = "train") -> Batch:
        """Draw one-hot permutations (lag, batch, 120) and the products of those so far (lag, batch)."""
        self.check_lag(lag)
        words = torch.randint(ELEMENTS, (lag, batch_size), generator=generator)
        after, products = products_of_two(), [words[0]]
        for word in words[1:]:
            products.append(after[products[-1], word])
        return Batch(F.embedding(words, torch.eye(ELEMENTS)), torch.stack(products))

    def scored_steps(self, lag: int) -> int:
        """Count all steps."""
        return lag

    def trivial_level(self, lag: int) -> float:
        """One of 120 equally likely permutations."""
        return 1 / ELEMENTS


@cache
def products_of_two() -> Tensor:
    """The numbers (120, 120) of the permutations that two in turn come to: the first's row, the second's column.

    Permutations are numbered in lexical order; entry i of one names what it puts at place i: (p then q)(i) = p(q(i)).
    """
    every = torch.tensor(list(permutations(range(THINGS))))
    weights = THINGS ** torch.arange(THINGS - 1, -1, -1)
    numbers = (every * weights).sum(1)
    composed = every.unsqueeze(1).expand(-1, ELEMENTS, -1).gather(2, every.expand(ELEMENTS, -1, -1))
    return torch.searchsorted(numbers, (composed * weights).sum(2))
