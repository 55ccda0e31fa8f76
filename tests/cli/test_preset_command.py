"""`bptt-bench preset`: a preset to start from."""

from pathlib import Path

import pytest

from bench.cli import main
from bench.protocol.preset import load_preset, preset_names


@pytest.mark.parametrize("name", preset_names())
def test_a_printed_preset_is_the_same_study(
    name: str, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["preset", name]) == 0
    file = tmp_path / "mine.yaml"
    file.write_bytes(capsysbinary.readouterr().out)
    assert load_preset(str(file)) == load_preset(name)


def test_an_unknown_preset_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preset", "quik"]) == 2
    assert capsys.readouterr().err == "bptt-bench: Unknown preset 'quik': did you mean quick?\n"
