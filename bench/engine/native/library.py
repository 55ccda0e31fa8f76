"""The native kernels as a library: built on first use where there is a C compiler, kept for the next process."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import stat
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path
from torch import Tensor

from bench.engine.native.signatures import signature
from bench.errors import BenchError
from bench.locks import held

SOURCES = tuple(sorted(Path(__file__).parent.glob("*.[ch]")))
"""A file a cell, and update.c; they share the headers."""
SWITCH = "BPTT_BENCH_NATIVE"
"""Environment: 0 does without the kernels, anything else uses them if they can be had."""
FLAGS = ("-std=gnu11", "-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC")
"""Safe arithmetic: what is not finite stays so, and sums keep their order."""
PATIENCE = 300.0
"""Seconds that another process may take to compile them."""
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Unavailable(Exception):  # noqa: N818  (a state of affairs, caught here)
    """There are no native kernels here; the message says why."""


def library() -> ctypes.CDLL | None:
    """The kernels, or None where they cannot be had: then plain torch computes the same."""
    try:
        return _load()
    except Unavailable:
        return None


def call(name: str, *words: Any) -> None:
    """Call a kernel: tensors by address, None as NULL, numbers as its C signature has them.

    Raises TypeError for a wrong number of words, ctypes.ArgumentError for one of a wrong type, before anything runs.
    """
    kernels = library()
    assert kernels is not None
    kernel = getattr(kernels, name)
    if kernel.argtypes is None:
        kernel.argtypes = signature(name)
    if len(words) != len(kernel.argtypes):  # of C functions ctypes would take more
        raise TypeError(f"{name} takes {len(kernel.argtypes)} words, not {len(words)}")
    if kernel(*(word.data_ptr() if isinstance(word, Tensor) else word for word in words)):
        raise MemoryError(f"no memory for {name}")


def why_not() -> str | None:
    """Say in a clause why there are no kernels, or return None. Each call tries again: a compiler may have been
    installed.
    """
    _outcome.cache_clear()
    try:
        _load()
    except Unavailable as reason:
        return str(reason)
    return None


def _load() -> ctypes.CDLL:
    found = _outcome(os.environ.get(SWITCH, "1"))
    if isinstance(found, str):
        raise Unavailable(found)
    return found


@cache
def _outcome(switch: str) -> ctypes.CDLL | str:
    """The library, or why there is none; tried once a process."""
    if switch == "0":
        return f"switched off by {SWITCH}=0"
    try:
        return ctypes.CDLL(str(build(user_cache_path("bptt-bench"))))
    except Unavailable as reason:
        return str(reason)
    except OSError as error:
        return f"cannot be built or loaded: {error}"


def build(folder: Path) -> Path:
    """The library in this folder, compiled if it is not there yet for this source, compiler and processor.

    Raises Unavailable without a compiler, where it fails, and where the folder is somebody else's; OSError where the
    folder cannot be written.
    """
    compiler = _compiler()
    file = folder / f"kernels-{_key(compiler)}.so"
    _own(folder)
    if not _can_be_loaded(file):
        try:
            with held(file.with_suffix(".lock"), PATIENCE):
                if not _can_be_loaded(file):
                    _compile(compiler, file)
        except BenchError as error:
            raise Unavailable(str(error).rstrip(".")) from None
    return file


def _can_be_loaded(file: Path) -> bool:
    """Return True if the library is complete and nobody else can have changed it: half a library would kill its
    process.
    """
    return _is_ours(file) and is_sealed(file.read_bytes())


def sealed(library: bytes) -> bytes:
    """A library with its checksum at the end, where a loader does not look."""
    return library + hashlib.sha256(library).digest()


def is_sealed(content: bytes) -> bool:
    """Return True if a file's content is as `sealed` wrote it."""
    return content == sealed(content[: -hashlib.sha256().digest_size])


def _own(folder: Path) -> None:
    """Make the folder and see that nobody else can put a library there, which would run as this user.

    Where others could until now, what they may have left is removed.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    about = folder.stat()
    if about.st_uid != os.geteuid():
        raise Unavailable(f"{folder} belongs to another user")
    if about.st_mode & OTHERS_WRITE:
        folder.chmod(0o700)
        for left in folder.glob("kernels-*"):
            left.unlink(missing_ok=True)


def _is_ours(file: Path) -> bool:
    """Return True if the library exists, belongs to this user, and can be changed by nobody else."""
    try:
        about = file.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISREG(about.st_mode) and about.st_uid == os.geteuid() and not about.st_mode & OTHERS_WRITE


def _compiler() -> list[str]:
    named = os.environ.get("CC")
    try:
        words = shlex.split(named) if named else next(([c] for c in ("cc", "gcc", "clang") if shutil.which(c)), [])
    except ValueError as error:
        raise Unavailable(f"CC is '{named}', which is not a command: {error}") from None
    if not words or shutil.which(words[0]) is None:
        raise Unavailable(f"no C compiler: {named} not found" if named else "no C compiler")
    return words


def _key(compiler: list[str]) -> str:
    """Names source, flags, compiler and processor: a home folder may be shared by unlike machines."""
    version = subprocess.run([*compiler, "--version"], capture_output=True, check=False).stdout
    parts = [
        *(file.read_bytes() for file in SOURCES),
        " ".join(FLAGS).encode(),
        version,
        platform.machine().encode(),
        _features(),
    ]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _features() -> bytes:
    """Return the processor's features as Linux lists them."""
    try:
        lines = Path("/proc/cpuinfo").read_bytes().splitlines()
    except OSError:
        return b""
    return next((line for line in lines if line.startswith((b"flags", b"Features"))), b"")


def _compile(compiler: list[str], file: Path) -> None:
    """Compile under another name first, so that nobody ever loads a part of it."""
    with tempfile.TemporaryDirectory(dir=file.parent) as scratch:
        made = Path(scratch, file.name)
        command = [*compiler, *FLAGS, *(str(file) for file in SOURCES if file.suffix == ".c"), "-o", str(made), "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = next((line for line in done.stderr.splitlines() if "error" in line), "it failed")
            raise Unavailable(f"{compiler[0]} could not compile them: {said.strip()}")
        made.write_bytes(sealed(made.read_bytes()))
        made.chmod(0o700)
        made.replace(file)
