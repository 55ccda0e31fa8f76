"""Finds tasks and techniques: by folder, by entry point, and in a user's own file."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import pkgutil
import sys
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Generic, TypeVar

from bench.contract import Checks, require
from bench.errors import BenchError

T = TypeVar("T")


class Registry(Generic[T]):
    """All concrete subclasses of `base` that a folder, the entry points of `group` or a plugin file define.

    A class counts when its own body sets `name`; helpers and abstract bases do not. One that is not of `package` has
    to keep the contract as far as `checks` look at it.
    """

    def __init__(self, kind: str, base: type[T], package: str, group: str, checks: Checks) -> None:
        self.kind, self.base, self.package, self.group, self.checks = kind, base, package, group, checks
        self._found: dict[str, type[T]] | None = None

    def names(self) -> list[str]:
        """Every known name, sorted."""
        return sorted(self._classes())

    def all(self) -> dict[str, type[T]]:
        """Every class by its name, sorted by name."""
        return dict(sorted(self._classes().items()))

    def get(self, name: str) -> type[T]:
        """The class called `name`; raises BenchError with the nearest names otherwise."""
        classes = self._classes()
        if name in classes:
            return classes[name]
        near = difflib.get_close_matches(name, classes, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(sorted(classes))}."
        raise BenchError(f"Unknown {self.kind} '{name}': {hint}")

    def add(self, module: ModuleType) -> int:
        """Register every concrete class that `module` itself defines; returns how many."""
        found = [c for c in vars(module).values() if self._counts(c) and c.__module__ == module.__name__]
        for cls in found:
            self._register(cls)
        return len(found)

    def _counts(self, cls: object) -> bool:
        return inspect.isclass(cls) and issubclass(cls, self.base) and "name" in vars(cls)

    def _register(self, cls: type[T]) -> None:
        classes = self._classes()
        name = cls.name  # type: ignore[attr-defined]
        if not _is_name(name):
            raise BenchError(
                f"The {self.kind} {cls.__name__} in {inspect.getfile(cls)} is called {name!r}: a name is one line "
                f"of at most {LONGEST} printable characters, without commas, colons and spaces at its ends."
            )
        known = classes.get(name)
        if known is not None and inspect.getfile(known) != inspect.getfile(cls):
            raise BenchError(
                f"The {self.kind} name '{name}' is taken: {inspect.getfile(known)} and {inspect.getfile(cls)} "
                f"both define it; give one of them another name."
            )
        if not cls.__module__.startswith(f"{self.package}."):  # our own are held to it by tests
            require(self.kind, cls, self.checks)
        classes[name] = cls

    def _classes(self) -> dict[str, type[T]]:
        if self._found is None:
            package = importlib.import_module(self.package)
            modules = [
                importlib.import_module(f"{self.package}.{module.name}")
                for module in pkgutil.iter_modules(package.__path__)
            ]
            entries = [entry.load() for entry in entry_points(group=self.group)]
            self._found = {}
            for module in modules:
                self.add(module)
            for cls in entries:
                self._register(cls)
        return self._found


LONGEST = 80


def _is_name(name: object) -> bool:
    """Whether the command line can say it; commas and colons divide names and dials there."""
    return (
        isinstance(name, str)
        and 0 < len(name) <= LONGEST
        and name.isprintable()
        and name == name.strip()
        and not set(name) & set(",:")
    )


def load_plugin(path: str | Path, registries: list[Registry]) -> None:
    """Run a user's Python file and register its tasks and techniques.

    Raises BenchError if the file is missing, does not import, or defines neither.
    """
    try:
        file = Path(path).resolve()
        found = file.is_file()
    except (OSError, ValueError):  # too long, or a null byte
        found = False
    if not found:
        raise BenchError(f"Plugin {path} does not exist: --plugin takes a Python file.")
    name = f"bench_plugin_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise BenchError(f"Plugin {path} is not a Python file: --plugin takes a file that ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # it may want to end the program
        del sys.modules[name]
        raise BenchError(f"Plugin {path} does not import: {type(error).__name__}: {error}.") from error
    if not sum(registry.add(module) for registry in registries):
        raise BenchError(
            f"Plugin {path} defines no technique and no task: subclass Technique or Task and give it a name."
        )
