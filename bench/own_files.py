"""Data files that a task or a technique reads: declared, so that a change of theirs is seen."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any, ClassVar

from bench.containment import is_below
from bench.errors import BenchError

CODE = (".py", ".pyc", ".pyi", ".so", ".pyd")
"""Endings of the files that Python loads: they count as code does."""


class WithFiles:
    """A class that may name files beside its own, or below: they count as its source does, and travel with it."""

    files: ClassVar[tuple[str, ...]] = ()
    """Paths of the files that the class reads, as 'data.csv' or 'data/train.csv', relative to the file that defines it.
    """

    installed: ClassVar[tuple[str, ...]] = ()
    """Modules of Python or of packages whose files are data, as 'pydoc_data.topics', written out: they count, too."""

    @classmethod
    def file(cls, name: str) -> Path:
        """Return the path of a declared file. Raises BenchError if it is not declared or does not exist."""
        try:
            return declared(cls)[name]
        except KeyError:
            raise BenchError(f"{cls.__name__} reads '{name}' without declaring it: add it to its 'files'.") from None


def declared(cls: type) -> dict[str, Path]:
    """The files that a class and its bases declare, by name. Raises BenchError for what is not below its folder."""
    found: dict[str, Path] = {}
    for base in reversed(cls.__mro__):
        names = vars(base).get("files", ())
        if not names or not issubclass(base, WithFiles):
            continue
        if isinstance(names, str):
            raise BenchError(f"{base.__name__} declares files = {names!r}: write a tuple: ({names!r},).")
        folder = Path(str(sys.modules[base.__module__].__file__)).parent
        for name in names:
            found[name] = _inside(folder, name, base)
    return found


def _inside(folder: Path, name: str, cls: type) -> Path:
    words = PurePosixPath(name)
    if words.is_absolute() or ".." in words.parts:
        raise BenchError(f"{cls.__name__} declares the file '{name}': it must be in {folder} or below.")
    if not (folder / words).is_file():
        raise BenchError(f"{cls.__name__} declares the file '{name}', which is not in {folder}.")
    return folder / words


def undeclared(module: ModuleType, read: set[Path]) -> list[Path]:
    """Return the files that were read and that no class of a plugin's module declares."""
    known: set[Path] = set()
    for cls in vars(module).values():
        if isinstance(cls, type) and issubclass(cls, WithFiles):
            with suppress(BenchError):  # told when its files are hashed
                known.update(declared(cls).values())
    return sorted(file for file in read - known if file.is_file())


_heard: list[tuple[Path, set[Path]]] = []
"""Folders in which reading is listened for, and the files that were read there."""


@contextmanager
def reading(folder: Path) -> Iterator[set[Path]]:
    """Gather the files in a resolved folder, or below, that Python reads within.

    Code is not gathered, nor what is installed or hidden there.
    """
    _listen()
    place = (folder, set[Path]())
    _heard.append(place)
    try:
        yield place[1]
    finally:
        _heard.remove(place)


@cache
def _listen() -> None:
    """Have Python tell what it opens; that cannot be taken back, and costs next to nothing while nobody listens."""
    sys.addaudithook(_hear)


def _hear(event: str, words: tuple[Any, ...]) -> None:
    if event == "open" and _heard:
        name, mode, flags = words
        writes = flags & (os.O_WRONLY | os.O_RDWR) if mode is None else set(mode) & set("wax+")
        if isinstance(name, str | bytes) and not writes:
            with suppress(OSError, ValueError):  # no working folder, or no name of a file
                given = Path(os.fsdecode(name)).absolute()
                file = given.parent.resolve() / given.name
                for folder, found in _heard:
                    if _is_data(file, folder):
                        found.add(file)


def _is_data(file: Path, folder: Path) -> bool:
    if file.suffix in CODE or not is_below(file, folder) or file.is_relative_to(Path(__file__).parent):
        return False
    return not any(part.startswith(".") for part in file.relative_to(folder).parts)
