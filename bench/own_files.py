"""Data files that a task or a technique reads: declared, so that a change of theirs is seen."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath
from typing import ClassVar

from bench.errors import BenchError


class WithFiles:
    """A class that may name files beside its own, or below: they count as its source does, and travel with it."""

    files: ClassVar[tuple[str, ...]] = ()
    """Paths of the files that the class reads, as 'data.csv' or 'data/train.csv', relative to the file that defines it.
    """

    @classmethod
    def file(cls, name: str) -> Path:
        """Return the path of a declared file. Raises BenchError if it is not declared or does not exist."""
        try:
            return declared(cls)[name]
        except KeyError:
            raise BenchError(f"{cls.__name__} reads '{name}' without a word: add it to its 'files'.") from None


def declared(cls: type) -> dict[str, Path]:
    """The files that a class and its bases declare, by name. Raises BenchError for what is not below its folder."""
    found: dict[str, Path] = {}
    for base in reversed(cls.__mro__):
        names = vars(base).get("files", ())
        if not names or not issubclass(base, WithFiles):
            continue
        if isinstance(names, str):
            raise BenchError(f"{base.__name__} declares files = {names!r}: write a tuple, as ({names!r},).")
        folder = Path(str(sys.modules[base.__module__].__file__)).parent
        for name in names:
            found[name] = _inside(folder, name, base)
    return found


def _inside(folder: Path, name: str, cls: type) -> Path:
    words = PurePosixPath(name)
    if words.is_absolute() or ".." in words.parts:
        raise BenchError(f"{cls.__name__} declares the file '{name}': it must lie in {folder} or below.")
    if not (folder / words).is_file():
        raise BenchError(f"{cls.__name__} declares the file '{name}', which is not in {folder}.")
    return folder / words
