"""Tasks with a loss at every step: parity, flip-flop and delayed recall, by reading their sequences aloud."""

import math

import pytest
import torch

from bench.tasks.base import IGNORED
from bench.tasks.delayed_recall import DelayedRecall
from bench.tasks.flip_flop import FlipFlop
from bench.tasks.parity import Parity


@pytest.mark.parametrize("lag", [1, 2, 17])
def test_parity_follows_from_counting(generator, lag):
    inputs, targets = Parity().sample(generator, 50, lag)
    for bits, answers in zip(inputs.argmax(-1).T.tolist(), targets.T.tolist(), strict=True):
        assert answers == [sum(bits[: t + 1]) % 2 for t in range(lag)]


@pytest.mark.parametrize("lag", [2, 3, 20])
def test_a_read_is_answered_by_the_last_write(generator, lag):
    inputs, targets = FlipFlop().sample(generator, 200, lag)
    for sequence, answers in zip(inputs.transpose(0, 1), targets.T.tolist(), strict=True):
        stored = None
        for step, answer in zip(sequence, answers, strict=True):
            instruction, bit = step[:3].argmax().item(), step[3:]
            assert step[:3].sum() == 1
            if instruction == 0:
                stored = bit.argmax().item()
            assert bit.sum() == (instruction != 1)
            assert answer == (stored if instruction == 1 else IGNORED)
        assert answers[0] == IGNORED
        assert answers[-1] != IGNORED


def test_a_bit_of_the_flip_flop_is_kept_for_the_lag_on_average(generator):
    """Each step writes with probability 1 / lag, so that the time between two writes is geometric with mean lag."""
    lag = 10
    writes = FlipFlop().sample(generator, 20_000, lag)[0][1:-1, :, 0]
    share = writes.mean().item()
    assert share == pytest.approx(1 / lag, abs=4 * math.sqrt(0.1 * 0.9 / writes.numel()))


def test_reads_are_a_tenth_of_what_is_not_written(generator):
    inputs, _ = FlipFlop().sample(generator, 4_000, 20)
    shares = inputs[1:-1, :, :3].mean((0, 1))
    assert shares.tolist() == pytest.approx([0.05, 0.095, 0.855], abs=0.005)


@pytest.mark.parametrize("lag", [1, 4, 11])
def test_bits_come_back_after_the_lag(generator, lag):
    inputs, targets = DelayedRecall().sample(generator, 50, lag)
    bits = inputs.argmax(-1)
    assert len(bits) == 3 * lag
    for t in range(lag, 3 * lag):
        assert torch.equal(targets[t - lag], bits[t - lag])
    assert len(targets) == 2 * lag
