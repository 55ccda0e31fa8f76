"""Names the code and the files that a result came from, so that a change is recognised."""

from __future__ import annotations

import ast
import hashlib
import re
import sys
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from bench.own_files import declared
from bench.records import foreign_code
from bench.records.own_classes import PACKAGE

OWN_ROOMS = ("bench.engine", "bench.techniques", "bench.tasks")
KERNELS = Path("engine", "native")
"""The folder of the C files, from the package."""
MADE = "-"
"""Stands between the two hashes of a class that was made from a file: see `is_made`."""
FOR_READERS = frozenset({"called", "short", "about", "lag_means", "symbols", "answers"})
"""Attributes of a class that only readers see, so that other words leave results as they are. (A title counts.)"""


def source_hash(cls: type) -> str:
    """Twelve hexadecimal digits of the class's modules, of those that they use, and of the files and the installed
    modules that it declares.

    Of this project that is the classes' modules, those that they import from its rooms, and the kernels that these
    name; of a plugin or a package all that lies in its folder and is imported from there. Comments, docstrings, layout
    and words that are FOR_READERS do not count: syntax trees are hashed, not text. Nor does it where the code lies.

    A class that was made from a file has two such hashes, joined by MADE: of this project's code, and of what was made.
    """
    named: set[str] = set()
    parts: dict[str, str] = {}
    for base in cls.__mro__:
        if base.__module__.startswith(OWN_ROOMS):
            named.add(base.__module__)
        elif base is cls or _is_ours_by_descent(base):
            trees, used = _foreign(sys.modules[base.__module__])
            parts |= trees
            named |= used
    contents = {name: _content(file) for name, file in declared(cls).items()}
    if hasattr(cls, "made_from"):
        return f"{_digest(own_parts(named), {})}{MADE}{_digest(parts, contents)}"
    return _digest(parts | own_parts(named), contents)


def own_hash(module: str) -> str:
    """The `source_hash` of a class that this project's module defines, found without importing anything."""
    return _digest(own_parts({module}), {})


def is_made(hashed: str) -> bool:
    """Return True for the hash of a class that was made from a user's file, by code that this project has still.

    Its results can be read without the file.
    """
    code, made, _ = hashed.partition(MADE)
    return bool(made) and code in _makers()


@cache
def _makers() -> set[str]:
    """The hashes of the modules that classes are made from."""
    files = [*PACKAGE.glob("tasks/own_*.py"), *PACKAGE.glob("techniques/own_*.py")]
    return {own_hash(f"bench.{file.parent.name}.{file.stem}") for file in files}


def own_parts(modules: Iterable[str], package: Path = PACKAGE) -> dict[str, str]:
    """Collect what counts of this project's modules, of their imports from its rooms, and of the kernels they name.

    By the file's name within the package: a syntax tree, or a C file without comments. What is not a module of these
    rooms is passed over.
    """
    found: dict[str, str] = {}
    left = [file for name in modules for file in _files(name, package)]
    while left:
        file = left.pop()
        name = file.relative_to(package).as_posix()
        if name not in found:
            found[name], used = _part_of(file, package)
            left += used
            if file.suffix == ".py":
                found |= _digests_of(_own_installed(file))
    return found


def _digests_of(installed: Iterable[str]) -> dict[str, str]:
    """Digest installed modules that are data; one that is not there has no digest."""
    specs = {name: find_spec(name) for name in installed}
    return {f"installed {n}": _content(Path(spec.origin)) if spec and spec.origin else "" for n, spec in specs.items()}


@cache
def _own_installed(file: Path) -> tuple[str, ...]:
    """Return the modules that a file of this project declares as data; read once in a process, as its code is."""
    return _installed_in(file.read_bytes())


def _installed_in(source: bytes) -> tuple[str, ...]:
    """Return the modules that the classes of a source declare as their data."""
    lines = [line for cls in ast.parse(source).body if isinstance(cls, ast.ClassDef) for line in cls.body]
    given = [line.value for line in lines if isinstance(line, ast.Assign) and _gives(line, "installed")]
    return tuple(name for value in given for name in ast.literal_eval(value))


def _gives(line: ast.Assign, attribute: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == attribute for target in line.targets)


@cache
def _part_of(file: Path, package: Path) -> tuple[str, tuple[Path, ...]]:
    """Return what counts of a file, and the files that it uses; read once in a process, as the code that runs is."""
    if file.suffix == ".py":
        modules = foreign_code.modules_named(file)
        used = [used for named in modules for used in _files(named, package)]
        own = filter(Path.is_file, [file.with_suffix(".c")])
        return _tree(file.read_bytes()), (*used, *_kernels(file, package), *own)
    text = _c_essence(file.read_text(encoding="utf-8"))
    return text, tuple(file.with_name(header) for header in re.findall(r'#include "([^"]+)"', text))


def _digest(parts: dict[str, str], contents: dict[str, str]) -> str:
    hasher = hashlib.sha256()
    for name, part in sorted(parts.items()):
        hasher.update(name.encode())
        hasher.update(part.encode())
    for name, content in contents.items():
        hasher.update(f"{name}\0{content}".encode())
    return hasher.hexdigest()[:12]


def _files(name: str, package: Path) -> list[Path]:
    """The file of a module in one of the rooms, also where the name is of something in that module."""
    if not name.startswith(OWN_ROOMS):
        return []
    words = name.split(".")[1:]
    for end in (len(words), len(words) - 1):
        place = package.joinpath(*words[:end])
        for file in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
            if file.is_file():
                return [file]
    return []


def _kernels(file: Path, package: Path) -> list[Path]:
    """The C files of the cells that a Python file calls: `NativeCell("gru", …)` is in gru.c."""
    calls = [node for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, ast.Call)]
    cells = [call.args[0] for call in calls if getattr(call.func, "id", "") == "NativeCell" and call.args]
    names = [cell.value for cell in cells if isinstance(cell, ast.Constant) and isinstance(cell.value, str)]
    return [package / KERNELS / f"{name}.c" for name in names]


@cache
def _foreign(module: ModuleType) -> tuple[dict[str, str], set[str]]:
    """Syntax trees of the files of a plugin or a package, by name, and the modules of this project that they import.

    Read once for each time that the plugin is loaded.
    """
    files = foreign_code.files_of(module)
    used = {name for file in files.values() for name in foreign_code.modules_named(file)}
    kernels = [
        kernel for file in files.values() for kernel in _kernels(file, PACKAGE) if kernel.is_relative_to(PACKAGE)
    ]
    trees = {name: _tree(file.read_bytes()) for name, file in files.items()}
    for file in files.values():
        trees |= _digests_of(_installed_in(file.read_bytes()))
    return trees | {kernel.name: _c_essence(kernel.read_text(encoding="utf-8")) for kernel in kernels}, used


def _content(file: Path) -> str:
    """A file's digest, computed again only where the file looks different (inode, size, time of its last change)."""
    about = file.stat()
    return _content_of(file, about.st_ino, about.st_size, about.st_mtime_ns)


@cache
def _content_of(file: Path, *_: int) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _is_ours_by_descent(base: type) -> bool:
    """Return True if a class from elsewhere descends from one of this project's; a library's does not."""
    return any(one.__module__.startswith(OWN_ROOMS) for one in base.__mro__)


def _tree(source: bytes) -> str:
    """Return a syntax tree without docstrings; a file that is not Python, and so never runs, counts as it is."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return repr(source)
    return _written(tree)


def _written(node: object) -> str:
    """A syntax tree as text that is the same in all versions of Python: fields that are empty are left out."""
    if isinstance(node, list):
        return f"[{','.join(_written(part) for part in node if not _is_docstring(part))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    if isinstance(node, ast.ClassDef):
        node.body = [part for part in node.body if not _is_for_readers(part)]
    fields = [(name, value) for name, value in ast.iter_fields(node) if value is not None and value != []]
    return f"{type(node).__name__}({','.join(f'{name}={_written(value)}' for name, value in fields)})"


def _c_essence(text: str) -> str:
    """A C file without comments and layout."""
    return " ".join(re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL).split())


def _is_for_readers(node: ast.stmt) -> bool:
    """Return True for a line of a class's body that gives text which changes only what a report says."""
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    value = getattr(node, "value", None)
    plain = isinstance(value, ast.Constant) and isinstance(value.value, str)
    return plain and isinstance(target, ast.Name) and target.id in FOR_READERS


def _is_docstring(node: object) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
