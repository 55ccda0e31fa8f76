"""Sequences depend on task, lag, split and seed alone."""

import torch

from bench.tasks import tasks
from bench.testing.made_up import RULES
from bench.training.data import BlockStream, held_out

SMALL = RULES.model_copy(update={"batch_size": 4, "updates": 10, "evaluate_every": 4})


def blocks(seeds, protocol=SMALL):
    return list(BlockStream(tasks.get("adding")(), 9, protocol, seeds))


def test_blocks_cover_the_budget_and_the_last_is_shorter():
    stream = blocks([1, 2, 1])
    assert [b.inputs.shape for b in stream] == [(4, 2, 9, 4, 2), (4, 2, 9, 4, 2), (2, 2, 9, 4, 2)]
    assert [b.targets.shape for b in stream] == [(4, 2, 1, 4), (4, 2, 1, 4), (2, 2, 1, 4)]


def test_a_seed_sees_the_same_sequences_whoever_else_trains():
    together, alone = blocks([1, 2, 3]), blocks([2])
    for a, b in zip(together, alone, strict=True):
        torch.testing.assert_close(a.inputs[:, 1:2], b.inputs)
        torch.testing.assert_close(a.targets[:, 1:2], b.targets)


def test_training_never_repeats_a_sequence_nor_shows_a_held_out_one():
    task = tasks.get("adding")()
    shown = [b.inputs.permute(0, 1, 3, 2, 4).reshape(-1, 18) for b in blocks([1, 2])]
    kept = [
        held_out(task, 9, split, 16, [1, 2])[0].permute(0, 2, 1, 3).reshape(-1, 18) for split in ("validation", "test")
    ]
    everything = torch.cat(shown + kept)
    assert len(everything.unique(dim=0)) == len(everything)


def test_held_out_sets_are_fixed_and_in_the_order_of_the_seeds():
    task = tasks.get("copy")()
    first, second = held_out(task, 3, "test", 5, [7, 8, 7]), held_out(task, 3, "test", 5, [8])
    assert first[0].shape[0] == 2
    torch.testing.assert_close(first[0][1:], second[0])
    torch.testing.assert_close(first[1][1:], second[1])
