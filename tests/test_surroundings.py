"""A working folder that is gone, and a user without a home."""

import os
import pwd
import tempfile
from pathlib import Path

import pytest

from bench.cli import main
from bench.errors import BenchError
from bench.surroundings import find_home


@pytest.mark.parametrize("command", ["list tasks", "doctor", "export --format csv", "--help"])
def test_a_working_folder_that_was_removed(tmp_path, monkeypatch, capsys, command):
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert main(command.split()) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said == "bptt-bench: The working folder no longer exists: change to another and try again."


@pytest.fixture
def homeless(tmp_path, monkeypatch) -> Path:
    """A user id that nobody has, without HOME; the folder that can stand for it."""

    def nobody(_: int) -> None:
        raise KeyError

    monkeypatch.setenv("HOME", "set, so that it is put back")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / f"bptt-bench-{os.getuid()}"


def test_a_user_without_a_home_gets_one(homeless, capsys):
    assert main(["list", "presets"]) == 0
    assert capsys.readouterr().err.startswith(f"User id {os.getuid()} has no home folder: using {homeless};")
    assert Path.home() == homeless
    assert homeless.stat().st_mode & 0o777 == 0o700
    assert find_home() == "", "it is said once"


@pytest.mark.parametrize("somebody", [lambda at: at.mkdir(mode=0o777), lambda at: at.symlink_to("/")])
def test_a_home_that_somebody_else_could_write_to_is_none(homeless, somebody):
    somebody(homeless)
    if not homeless.is_symlink():
        homeless.chmod(0o777)
    with pytest.raises(BenchError, match=r"cannot replace it: set HOME to a folder of your own"):
        find_home()


def test_who_has_a_home_keeps_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_home() == ""
    assert list(tmp_path.iterdir()) == []
