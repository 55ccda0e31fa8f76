"""Finds the files of a plugin, or of a package with techniques or tasks: its own, and what they import there."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from bench.containment import is_below
from bench.registry import PLUGIN


class _Home(NamedTuple):
    """The place of somebody else's code."""

    folder: Path
    """Folder from which its modules are named."""
    package: str | None
    """The one that counts; None: all that lies in the folder."""
    prefix: str
    """Stands before the names of its files."""


def files_of(module: ModuleType) -> dict[str, Path]:
    """The Python files of a module and of all that it imports from its folder or package, anywhere in them.

    Their names do not depend on where the folder is.
    """
    start = Path(module.__file__ or "")
    home = _home(module, start)
    found: dict[str, Path] = {}
    left = [start, *vars(module).get("__helpers__", ())]
    while left:
        file = left.pop()
        name = home.prefix + file.relative_to(home.folder).as_posix()
        if name not in found:
            found[name] = file
            left += _imported(file, home)
    if home.package is None:  # what is called so since plugins are
        found[f"{PLUGIN}{start.stem}"] = found.pop(home.prefix + start.name)
    return found


def modules_named(file: Path) -> set[str]:
    """All modules, and names that may be modules, that a Python file imports by their whole names."""
    return {name for level, name in _imports(file) if not level}


def _home(module: ModuleType, file: Path) -> _Home:
    if module.__name__.startswith(PLUGIN):
        return _Home(file.parent, None, f"{PLUGIN}/")
    top = module.__name__.partition(".")[0]
    path = getattr(sys.modules[top], "__path__", None)
    folder = Path(next(iter(path))).parent if path else file.parent
    return _Home(folder, top, "")


def _imported(file: Path, home: _Home) -> Iterator[Path]:
    """The files below a home that one of them imports."""
    for level, name in _imports(file):
        if level:
            base = file.parents[level - 1] if len(file.parents) >= level else file.parent
        elif home.package not in (None, name.partition(".")[0]) or _is_elsewhere(name, home.folder):
            continue
        else:
            base = home.folder
        for candidate in _candidates(base, name):
            if is_below(candidate, home.folder) or (home.package and candidate.is_relative_to(home.folder)):
                yield candidate


def _is_elsewhere(name: str, folder: Path) -> bool:
    """Return True if the module is loaded, or would be, from another place than the folder: a library's."""
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or top == "bench":
        return True
    file = getattr(sys.modules.get(top), "__file__", None)
    return isinstance(file, str) and "site-packages" in Path(file).parts and not Path(file).is_relative_to(folder)


def _candidates(base: Path, name: str) -> Iterator[Path]:
    """The files that importing a.b.c may run: a/__init__.py, a/b.py, …"""
    place = base
    if not name and (base / "__init__.py").is_file():
        yield base / "__init__.py"
    for word in name.split(".") if name else ():
        place = place / word
        for file in (place / "__init__.py", place.with_name(f"{word}.py")):
            if file.is_file():
                yield file


def _imports(file: Path) -> Iterator[tuple[int, str]]:
    """(level of a relative import, dotted name) of each import in a file, names taken from a module included."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or ""
            for alias in node.names:
                yield node.level, ".".join(filter(None, (node.module, alias.name)))
