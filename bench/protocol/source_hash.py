"""Names the code that a result came from, so that changed code is recognised."""

from __future__ import annotations

import ast
import hashlib
import inspect
import re
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

OWN_ROOMS = ("bench.engine", "bench.techniques", "bench.tasks")


def source_hash(cls: type) -> str:
    """Twelve hexadecimal digits of the class's modules and those of the engine that they use.

    Comments, docstrings and layout do not count: the syntax trees are hashed, not the text.
    """
    modules: dict[str, ModuleType] = {}
    for base in cls.__mro__:
        module = sys.modules[base.__module__]
        if base is cls or module.__name__.startswith(OWN_ROOMS) or module.__name__.startswith("bench_plugin_"):
            _collect(module, modules)
    hasher = hashlib.sha256()
    for name in sorted(modules):
        hasher.update(name.encode())
        hasher.update(_essence(modules[name]).encode())
    return hasher.hexdigest()[:12]


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
    tree = ast.parse(inspect.getsource(module))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [n for n in body if not _is_docstring(n)] or [ast.Pass()]  # type: ignore[attr-defined]
    return " ".join([ast.dump(tree), *map(_c_essence, getattr(module, "SOURCES", ()))])


def _c_essence(file: Path) -> str:
    """A C file, which a module names among its SOURCES, without comments and layout."""
    return " ".join(re.sub(r"/\*.*?\*/", " ", file.read_text(encoding="utf-8"), flags=re.DOTALL).split())


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
