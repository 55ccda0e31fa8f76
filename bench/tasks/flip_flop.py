"""The flip-flop: what was written last."""

from __future__ import annotations

import torch
from torch import Generator

from bench.batch import Batch
from bench.tasks.base import IGNORED, Split, Task

WRITE, READ, IGNORE = range(3)
SHARE_READ = 0.1


class FlipFlop(Task):
    """Say at each read which bit was written last, whatever bits were to be ignored since.

        input   w1 i0 i1 r? i0 w0 i1 r?
        answer  ?  ?  ?  1  ?  ?  ?  0

    At each step a bit is written with probability 1 / lag, so that a bit has to be kept for `lag` steps on average;
    read in a tenth of the other steps; and else to be ignored. The first step writes, and the last of 2 lag steps
    reads. Only reads are scored.

    Source: the flip-flop language of Liu et al. 2023, whose probability of writing is fixed; here it sets the lag.
    """

    name = "flip-flop"
    title = "Flip-flop"
    short = "flip-flop"
    about = (
        "Bits are written, to be ignored, or asked for; the network has to answer each question with the bit that was "
        "written last."
    )
    lag_means = "the mean number of steps between two writes, half the length of the sequence"
    reference = "Liu, Ash, Goel, Krishnamurthy & Zhang 2023, section 3.1"
    symbols = "w ? i 0 1"
    answers = "0 1"
    inputs, outputs = 5, 2
    least_lag = 2
    metric_name = "share of reads answered correctly"

    def sample(self, generator: Generator, batch_size: int, lag: int, split: Split = "train") -> Batch:
        """Draw instructions and bits, one-hot beside one another and no bit at a read, (2 lag, batch, 5).

        Answers (2 lag, batch) are IGNORED but at reads.
        """
        self.check_lag(lag)
        steps = self.steps(lag)
        chance = torch.rand(steps, batch_size, generator=generator)
        bits = torch.randint(2, (steps, batch_size), generator=generator)
        read_below = 1 / lag + (1 - 1 / lag) * SHARE_READ
        instructions = torch.where(chance < 1 / lag, WRITE, torch.where(chance < read_below, READ, IGNORE))
        instructions[0], instructions[-1] = WRITE, READ
        writes = instructions == WRITE
        when = torch.where(writes, torch.arange(steps).unsqueeze(1), 0).cummax(0).values
        reads = instructions == READ
        inputs = torch.zeros(steps, batch_size, self.inputs)
        inputs.scatter_(2, instructions.unsqueeze(2), 1.0)
        inputs[..., 3:].scatter_(2, bits.unsqueeze(2), (~reads).float().unsqueeze(2))
        return Batch(inputs, torch.where(reads, bits.gather(0, when), IGNORED))

    def steps(self, lag: int) -> int:
        """Twice the lag."""
        return 2 * lag

    def scored_steps(self, lag: int) -> int:
        """Count all steps, of which only reads have an answer."""
        return self.steps(lag)

    def trivial_level(self, lag: int) -> float:
        """One of two equally likely bits."""
        return 1 / 2
