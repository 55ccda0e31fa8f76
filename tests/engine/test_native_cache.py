"""A library in the cache runs as the user who loads it: only what this user alone could have put there is loaded."""

import os
import sys
from pathlib import Path

import pytest

from bench.engine.native.library import Unavailable, build, sealed, why_not


@pytest.fixture(autouse=True)
def compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler that takes no time."""
    native = sys.modules[build.__module__]
    monkeypatch.setattr(native, "_compiler", lambda: ["true"])
    monkeypatch.setattr(native, "_compile", lambda compiler, file: _put(file, b"compiled here", 0o700))


def _put(file: Path, content: bytes, mode: int) -> None:
    file.unlink(missing_ok=True)
    file.write_bytes(sealed(content))
    file.chmod(mode)


def test_a_new_folder_is_closed_to_others(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        file = build(tmp_path / "new" / "cache")
    finally:
        os.umask(before)
    assert file.read_bytes() == sealed(b"compiled here")
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_what_lies_there_is_kept(tmp_path: Path) -> None:
    _put(build(tmp_path / "cache"), b"compiled before", 0o700)
    assert build(tmp_path / "cache").read_bytes() == sealed(b"compiled before")


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770])
def test_a_folder_that_others_may_write_to_is_emptied_and_closed(tmp_path: Path, mode: int) -> None:
    file = build(tmp_path / "cache")
    _put(file, b"planted", 0o700)
    file.parent.chmod(mode)
    assert build(tmp_path / "cache").read_bytes() == sealed(b"compiled here")
    assert file.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["writable", "link"])
def test_a_file_that_others_may_change_is_built_anew(tmp_path: Path, kind: str) -> None:
    file = build(tmp_path / "cache")
    if kind == "writable":
        _put(file, b"planted", 0o766)
    else:
        _put(tmp_path / "elsewhere.so", b"planted", 0o700)
        file.unlink()
        file.symlink_to(tmp_path / "elsewhere.so")
    assert build(tmp_path / "cache").read_bytes() == sealed(b"compiled here")


def test_a_file_of_somebody_else_is_built_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root a file can be given away; otherwise this user is taken for another, and nothing can be loaded at all."""
    file = build(tmp_path / "cache")
    _put(file, b"planted", 0o700)
    if os.geteuid() == 0:
        os.chown(file, 12345, -1)
        assert build(tmp_path / "cache").read_bytes() == sealed(b"compiled here")
    monkeypatch.setattr(os, "geteuid", lambda: file.parent.stat().st_uid + 1)
    with pytest.raises(Unavailable, match="belongs to another user"):
        build(tmp_path / "cache")


@pytest.mark.parametrize("left", [0, 1, 20, 40, -1], ids=lambda left: f"{left} bytes")
def test_a_library_that_is_not_whole_is_built_anew(tmp_path: Path, left: int) -> None:
    """To load half a library ends the process with a bus error; an empty one would never be mended."""
    file = build(tmp_path / "cache")
    _put(file, b"damaged, and long enough to lose something", 0o700)
    file.write_bytes(file.read_bytes()[:left])
    assert build(tmp_path / "cache").read_bytes() == sealed(b"compiled here")


def test_a_library_with_a_byte_of_another_value_is_built_anew(tmp_path: Path) -> None:
    file = build(tmp_path / "cache")
    file.write_bytes(b"C" + file.read_bytes()[1:])
    assert build(tmp_path / "cache").read_bytes() == sealed(b"compiled here")


def test_a_compiler_that_is_no_command_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("CC", 'gcc "-O2')
    assert why_not() == "CC is 'gcc \"-O2', which is not a command: No closing quotation"
    monkeypatch.undo()
    why_not()  # forget it
