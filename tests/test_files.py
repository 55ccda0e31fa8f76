"""Files appear whole, where they were meant to, and no more open than they were."""

import os
import stat
import threading
import time
from pathlib import Path

import pytest

from bench import waiting
from bench.errors import BenchError
from bench.files import write_named, write_whole

PATIENCE = 60
"""Seconds that a busy machine may take for what takes none."""
WRITERS = [write_named, write_whole]


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


@pytest.fixture
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002], indirect=True)
def test_the_umask_decides_who_reads_a_new_file(tmp_path, umask, write):
    assert mode(write(tmp_path / "new", b"x")) == 0o666 & ~umask


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("permissions", [0o600, 0o640, 0o444])
def test_a_file_keeps_its_permissions(tmp_path, permissions, write):
    file = tmp_path / "there"
    file.write_bytes(b"old")
    file.chmod(permissions)
    write(file, b"new")
    assert (file.read_bytes(), mode(file)) == (b"new", permissions)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


@pytest.mark.parametrize("there", [True, False])
def test_what_a_user_names_may_be_a_link(tmp_path, there):
    target, link = tmp_path / "folder" / "target", tmp_path / "link"
    target.parent.mkdir()
    if there:
        target.write_bytes(b"old")
        target.chmod(0o600)
    link.symlink_to(target)
    write_named(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert not there or mode(target) == 0o600


def test_a_link_in_place_of_a_file_of_ours_is_replaced(tmp_path):
    (tmp_path / "mine").write_bytes(b"precious")
    (tmp_path / "report.html").symlink_to(tmp_path / "mine")
    write_whole(tmp_path / "report.html", b"new")
    assert (tmp_path / "mine").read_bytes() == b"precious"
    assert not (tmp_path / "report.html").is_symlink()


def test_a_named_pipe_is_written_into(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_named(pipe, b"x" * 100_000)
    reader.join()
    assert read == [b"x" * 100_000]
    assert pipe.is_fifo()


def test_a_pipes_reader_is_waited_for_and_that_is_said(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(waiting, "SECONDS_OF_SILENCE", 0.05)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=write_named, args=(pipe, b"new"))
    writer.start()
    deadline = time.monotonic() + PATIENCE
    while not caplog.messages and time.monotonic() < deadline:
        time.sleep(0.01)
    assert pipe.read_bytes() == b"new"
    writer.join()
    assert caplog.messages == [f"No process is reading the pipe {pipe} yet: waiting for a reader."]


@pytest.mark.parametrize("form", ["/dev/fd/{}", "/proc/self/fd/{}"])
def test_what_stands_for_an_open_file_is_written_into(tmp_path, form):
    """As /dev/stdout and >(gzip) do."""
    with (tmp_path / "out").open("w+b") as file:
        write_named(Path(form.format(file.fileno())), b"new")
        assert file.read() == b"new"
        assert os.fstat(file.fileno()).st_nlink == 1, "not another file of the same name"


def test_a_device_stays_one():
    """A terminal's, for nobody could replace it by mistake."""
    terminal, device = os.openpty()
    file = Path(os.ttyname(device))
    write_named(file, b"x")
    assert os.read(terminal, 10) == b"x"
    assert file.is_char_device()
    os.close(device)
    os.close(terminal)
    with pytest.raises(BenchError, match=rf"Cannot write {file}: .*; choose another --output"):
        write_named(file, b"x")


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("name", ["folder", "file/below", "null\0", "x" * 300])
def test_what_cannot_be_written_is_told_and_leaves_nothing(tmp_path, name, write):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(BenchError, match=r"Cannot write .*; choose another --output"):
        write(tmp_path / name, b"x")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]
