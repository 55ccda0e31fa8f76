"""What presets train, as it is read without PyTorch."""

from __future__ import annotations

import pytest

from bench.protocol.preset import load_preset, preset_names
from bench.records.matrices import first_with
from bench.records.spec import Spec
from bench.records.study import MAIN


def test_the_smallest_preset_is_named_that_trains_something() -> None:
    """Presets are asked as the protocol reads them."""
    for name in preset_names()[1:]:
        preset = load_preset(name)
        for arm in (MAIN, *preset.arms):
            for technique in preset.arm(arm).techniques:
                found = first_with(arm, [technique, f"{Spec.base(technique)}:dial=*"])
                assert preset_names().index(found) <= preset_names().index(name)
                assert Spec.base(technique) in {Spec.base(spec) for spec in load_preset(found).arm(arm).techniques}


@pytest.mark.parametrize(
    ("arm", "technique", "preset"),
    [(MAIN, "lstm", "quick"), ("outlook", "transformer", "standard"), ("outlook", "nothing", ""), ("none", "tanh", "")],
)
def test_what_no_preset_trains_has_none(arm: str, technique: str, preset: str) -> None:
    assert first_with(arm, ["tanh", technique]) == preset
