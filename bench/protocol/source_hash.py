"""Names the code and the files that a result came from, so that a change is recognised."""

from __future__ import annotations

import ast
import hashlib
import inspect
import re
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from bench.own_files import declared
from bench.protocol import foreign_code

OWN_ROOMS = ("bench.engine", "bench.techniques", "bench.tasks")


def source_hash(cls: type) -> str:
    """Twelve hexadecimal digits of the class's modules, of those that they use, and of the files that it declares.

    Of this project that is the classes' modules and those of the engine; of a plugin or a package all that lies in its
    folder and is imported from there. Comments, docstrings and layout do not count: syntax trees are hashed, not
    text. Where the code lies does not count either.
    """
    modules: dict[str, ModuleType] = {}
    parts: dict[str, str] = {}
    for base in cls.__mro__:
        module = sys.modules[base.__module__]
        if module.__name__.startswith(OWN_ROOMS):
            _collect(module, modules)
        elif base is cls or _is_ours_by_descent(base):
            essences, used = _foreign(module)
            parts |= essences
            for name in used & set(sys.modules):
                _collect(sys.modules[name], modules)
    parts |= {name: _essence(module) for name, module in modules.items()}
    hasher = hashlib.sha256()
    for name in sorted(parts):
        hasher.update(name.encode())
        hasher.update(parts[name].encode())
    for name, file in declared(cls).items():
        about = file.stat()
        hasher.update(f"{name}\0{_content(file, about.st_ino, about.st_size, about.st_mtime_ns)}".encode())
    return hasher.hexdigest()[:12]


@cache
def _foreign(module: ModuleType) -> tuple[dict[str, str], set[str]]:
    """Of a plugin or a package: its files' trees by name, and what of this project's rooms they name.

    Looked at once a load.
    """
    files = foreign_code.files_of(module)
    named = {name for file in files.values() for name in foreign_code.modules_named(file)}
    trees = {name: _tree(file.read_bytes()) for name, file in files.items()}
    return trees, {name for name in named if name.startswith(OWN_ROOMS)}


@cache
def _content(file: Path, *_: int) -> str:
    """A file's digest, kept for as long as the file looks the same (inode, size, time of its last change)."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _is_ours_by_descent(base: type) -> bool:
    """Whether somebody else's class is one of this project's, and no library's."""
    return any(one.__module__.startswith(OWN_ROOMS) for one in base.__mro__)


def _collect(module: ModuleType, into: dict[str, ModuleType]) -> None:
    """`module` and, from there, every module of the engine that it takes a name from."""
    if module.__name__ in into:
        return
    into[module.__name__] = module
    for value in vars(module).values():
        home = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        if isinstance(home, str) and home.startswith("bench.engine.") and home in sys.modules:
            _collect(sys.modules[home], into)


@cache
def _essence(module: ModuleType) -> str:
    return " ".join([_tree(inspect.getsource(module)), *map(_c_essence, getattr(module, "SOURCES", ()))])


def _tree(source: str | bytes) -> str:
    """A syntax tree without docstrings; what is no Python, and so is never run, counts as it stands."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return repr(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [n for n in body if not _is_docstring(n)] or [ast.Pass()]  # type: ignore[attr-defined]
    return ast.dump(tree)


def _c_essence(file: Path) -> str:
    """A C file, which a module names among its SOURCES, without comments and layout."""
    return " ".join(re.sub(r"/\*.*?\*/", " ", file.read_text(encoding="utf-8"), flags=re.DOTALL).split())


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
