"""The techniques that are optimisers: they replace the protocol's, and nothing else."""

from dataclasses import replace

import pytest
import torch

from bench.techniques import techniques
from bench.techniques.tanh import Tanh
from bench.testing.techniques import BLUEPRINT, EasyTask

OPTIMISERS = {
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
    "adamw": torch.optim.AdamW,
    "nadam": torch.optim.NAdam,
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_it_is_the_baseline_with_another_optimiser(name):
    module, baseline = (cls(BLUEPRINT, EasyTask()) for cls in (techniques.get(name), Tanh))
    assert type(module.configure_optimizers()) is OPTIMISERS[name]
    assert module.blueprint == replace(BLUEPRINT, optimizer=name)
    for own, base in zip(module.parameters(), baseline.parameters(), strict=True):
        assert torch.equal(own, base)


def test_sgd_has_the_momentum_that_its_words_name():
    (group,) = techniques.get("sgd")(BLUEPRINT, EasyTask()).configure_optimizers().param_groups
    assert group["momentum"] == 0.9
    assert "momentum 0.9" in techniques.get("sgd").changes


def test_the_others_have_the_settings_that_their_words_name():
    groups = {n: techniques.get(n)(BLUEPRINT, EasyTask()).configure_optimizers().param_groups[0] for n in OPTIMISERS}
    assert (groups["rmsprop"]["alpha"], groups["rmsprop"]["momentum"]) == (0.99, 0)
    assert groups["adamw"]["weight_decay"] == 0.01
    assert groups["nadam"]["weight_decay"] == 0
