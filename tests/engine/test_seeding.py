import torch

from bench.engine.seeding import generator


def draw(*key):
    return torch.rand(8, generator=generator(*key))


def test_equal_keys_give_equal_streams_and_unlike_keys_do_not():
    torch.testing.assert_close(draw("adding", 20, "train", 1), draw("adding", 20, "train", 1))
    keys = [
        ("adding", 20, "train", 1),
        ("adding", 20, "train", 2),
        ("adding", 20, "test", 1),
        ("adding", 2, "0train", 1),
    ]
    draws = {tuple(draw(*key).tolist()) for key in keys}
    assert len(draws) == len(keys)


def test_global_random_state_is_untouched():
    before = torch.random.get_rng_state()
    draw("anything")
    torch.testing.assert_close(torch.random.get_rng_state(), before)
