"""A verb is one file: it is found by its folder, stands where it says, and its help is whole."""

import sys
from pathlib import Path

import pytest
from typer.main import get_command

from bench.cli import app, main
from bench.cli.verb import found

COMMANDS = get_command(app).commands  # type: ignore[attr-defined]
NEW = '''
from bench.cli.verb import verb

@verb("Look around", 15)
def greet() -> None:
    """Say hello."""
'''


def test_a_new_file_is_a_new_verb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "__init__.py").write_text("")
    (tmp_path / "room" / "greet.py").write_text(NEW)
    (tmp_path / "room" / "earlier.py").write_text(NEW.replace("15", "5"))
    monkeypatch.syspath_prepend(tmp_path)
    package = __import__("room")
    assert [(verb.name, verb.order) for verb in found(package)] == [("earlier", 5), ("greet", 15)]
    (tmp_path / "room" / "twice.py").write_text(NEW + NEW.replace("greet", "again"))
    with pytest.raises(TypeError, match=r"twice\.py marks 2 functions"):
        found(package)
    for name in [name for name in sys.modules if name.partition(".")[0] == "room"]:
        del sys.modules[name]


def test_groups_are_in_one_piece() -> None:
    groups = [verb.group for verb in found()]
    changes = [group for before, group in zip(["", *groups], groups, strict=False) if group != before]
    assert len(changes) == len(set(changes))
    assert len({verb.order for verb in found()}) == len(groups)


def test_what_help_says_of_a_verb_is_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "..." not in capsys.readouterr().out.partition("Look around:")[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_parameter_has_help(name: str) -> None:
    bare = [parameter.name for parameter in COMMANDS[name].params if not parameter.help]
    assert not bare


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_speaks_of_runs_and_settings(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Words of the program's inside are not its users'."""
    assert main([*name.split(), "-h"]) == 0
    words = set(capsys.readouterr().out.lower().replace("--gpus-per-cohort", "").replace(".", " ").split())
    assert not words & {"member", "members", "cohort", "cohorts", "anew"}


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.split()[0] == "bptt-bench"


def test_a_shell_can_complete(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_BPTT_BENCH_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "bptt-bench ver")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert main([]) == 0
    assert capsys.readouterr().out.split() == ["verdicts"]
