"""Finds tasks, techniques and executors: by folder, by entry point, and in a user's own file."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Generic, TypeVar

from bench import containment
from bench.contract import Checks, require
from bench.errors import BenchError

T = TypeVar("T")

PLUGIN = "bench_plugin_"
"""Prefix of the module names of users' own files."""


class Registry(Generic[T]):
    """All concrete subclasses of `base` that a folder, the entry points of `group` or a plugin file define.

    A class counts when its own body sets `name`; helpers and abstract bases do not. An entry point is loaded when a
    name is asked for that is not known without it: other people's code does not run for those who have no use for it.
    A class that is not of `package` has to keep the contract as far as `checks` look at it.
    """

    def __init__(self, kind: str, base: type[T], package: str, group: str, checks: Checks) -> None:
        self.kind, self.base, self.package, self.group, self.checks = kind, base, package, group, checks
        self._found: dict[str, type[T]] | None = None
        self._entries: list[EntryPoint] = []
        """Entry points that have not been loaded yet."""

    def names(self) -> list[str]:
        """Every known name, sorted."""
        return sorted(self.all())

    def all(self) -> dict[str, type[T]]:
        """Every class by its name, sorted by name."""
        classes = self.built_in()
        self._load(self._entries)
        return dict(sorted(classes.items()))

    def built_in(self) -> dict[str, type[T]]:
        """Return what is known without loading entry points: the folder's classes and those of loaded plugins."""
        if self._found is None:
            package = importlib.import_module(self.package)
            modules = [
                importlib.import_module(f"{self.package}.{module.name}")
                for module in pkgutil.iter_modules(package.__path__)
            ]
            self._entries = list(entry_points(group=self.group))
            self._found = {}
            for module in modules:
                self.add(module)
        return self._found

    def get(self, name: str) -> type[T]:
        """The class called `name`; raises BenchError with the nearest names otherwise."""
        classes = self.built_in()
        if name not in classes:
            self._load([entry for entry in self._entries if entry.name == name])
        if name not in classes:
            self._load(self._entries)
        if name in classes:
            return classes[name]
        near = difflib.get_close_matches(name, classes, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"choose from {', '.join(sorted(classes))}."
        raise BenchError(f"Unknown {self.kind} '{name}': {hint}")

    def add(self, module: ModuleType) -> int:
        """Register every concrete class that `module` itself defines; returns how many.

        What its file has defined before is forgotten. Raises BenchError where a name is taken, or cannot be one.
        """
        found = dict.fromkeys(c for c in vars(module).values() if self._counts(c) and c.__module__ == module.__name__)
        classes = self.built_in()
        before = dict(classes)
        for name in [name for name, cls in classes.items() if cls.__module__ == module.__name__]:
            del classes[name]
        try:
            for cls in found:
                self._register(cls)
        except BenchError:
            classes.clear()
            classes.update(before)
            raise
        return len(found)

    def check(self, cls: type[T]) -> None:
        """Raise BenchError where a class is none that could be trained: called of each before it is registered."""
        name = cls.name  # type: ignore[attr-defined]
        if not _is_name(name):
            raise BenchError(
                f"The {self.kind} {cls.__name__} in {_file(cls)} has the name {name!r}: a name must be one line of "
                f"at most {LONGEST} printable characters, without commas or colons, and without spaces at either end."
            )

    @contextmanager
    def also(self, cls: type[T]) -> Iterator[None]:
        """Make a further class known by its name within this context, without checking its contract."""
        classes, name = self.built_in(), str(getattr(cls, "name", ""))
        before = classes.get(name)
        classes[name] = cls
        try:
            yield
        finally:
            if before is None:
                del classes[name]
            else:
                classes[name] = before

    def _counts(self, cls: object) -> bool:
        return inspect.isclass(cls) and issubclass(cls, self.base) and "name" in vars(cls)

    def _register(self, cls: type[T]) -> None:
        self.check(cls)
        classes, name = self.built_in(), cls.name  # type: ignore[attr-defined]
        known = classes.get(name)
        if known is not None and known is not cls:
            where = f"{_file(known)} and {_file(cls)} both define it"
            if _file(known) == _file(cls):
                where = f"{known.__name__} and {cls.__name__} in {_file(cls)} both have it"
            raise BenchError(f"The {self.kind} name '{name}' is used twice: {where}; rename one of them.")
        if not cls.__module__.startswith(f"{self.package}."):  # our own are held to it by tests
            with containment.aside():
                require(self.kind, cls, self.checks)
        classes[name] = cls

    def _load(self, entries: list[EntryPoint]) -> None:
        for entry in list(entries):
            try:
                with containment.aside():
                    cls = entry.load()
            except Exception as error:
                raise BenchError(
                    f"Entry point {entry.name} ({entry.value}) cannot be loaded: {_said(error)}."
                ) from error
            self._entries.remove(entry)
            if not self._counts(cls):
                raise BenchError(
                    f"Entry point {entry.name} ({entry.value}) refers to no {self.kind} with its own name."
                )
            self._register(cls)


LONGEST = 80


def _is_name(name: object) -> bool:
    """Return True if the command line can spell the name; there, commas and colons separate names and dials."""
    return (
        isinstance(name, str)
        and 0 < len(name) <= LONGEST
        and name.isprintable()
        and name == name.strip()
        and not set(name) & set(",:")
    )


def _file(cls: type) -> str:
    return str(getattr(sys.modules.get(cls.__module__), "__file__", cls.__module__))


def plugin_of(cls: type) -> Path | None:
    """The user's own file that defines a class; None if it comes with this project or a package."""
    return Path(_file(cls)) if cls.__module__.startswith(PLUGIN) else None


def loaded(path: str | Path) -> ModuleType:
    """The module that a plugin has become. Raises BenchError if it was not loaded."""
    module = sys.modules.get(_module_name(Path(path).resolve()))
    if module is None:
        raise BenchError(f"Plugin {path} was not loaded.")
    return module


def _module_name(file: Path) -> str:
    """Files of one name in two folders are two modules."""
    return PLUGIN + hashlib.sha256(bytes(file)).hexdigest()[:12]


def load_plugin(path: str | Path, registries: list[Registry]) -> None:
    """Run a user's Python file and register its classes: see `run_plugin`. Raises BenchError, too, if it has none."""
    module = run_plugin(path)
    if not sum(registry.add(module) for registry in registries):
        kinds = " and no ".join(registry.kind for registry in registries)
        bases = " or ".join(registry.base.__name__ for registry in registries)
        raise BenchError(f"Plugin {path} defines no {kinds}: subclass {bases} and give it a name.")


def run_plugin(path: str | Path) -> ModuleType:
    """Run a user's Python file, of which nothing is registered yet.

    It is a package of its own: `from .parts import …` finds parts.py beside it. What it prints goes to standard
    error, and what it changes for the whole process is undone. Raises BenchError if the file is missing, does not
    import, or changes how everybody else's numbers are computed.
    """
    try:
        file = Path(path).resolve()
        found, wrong = file.is_file(), "is not a file" if file.exists() else "does not exist"
    except (OSError, ValueError):  # too long, or a null byte
        found, wrong = False, "does not exist"
    if not found:
        raise BenchError(f"Plugin {path} {wrong}: --plugin takes a Python file.")
    if file.suffix != ".py":
        raise BenchError(f"Plugin {path} is not a Python file: --plugin takes a file that ends in .py.")
    return _run(file, path)


def _run(file: Path, path: str | Path) -> ModuleType:
    """Import a plugin's file under a name of its own, contained."""
    name = _module_name(file)
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=[str(file.parent)])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    helpers: list[Path] = []
    module.__dict__["__helpers__"] = helpers  # for `source_hash`
    sys.modules[name] = module
    try:
        with (
            containment.settled(),
            containment.aside(),
            containment.own_path(),
            containment.own_modules(file.parent, helpers),
            containment.kept_alive(),
        ):
            before = containment.numbers()
            spec.loader.exec_module(module)
            changes = containment.changes_of_numbers(before)
    except KeyboardInterrupt:
        del sys.modules[name]
        raise
    except BaseException as error:  # it may want to end the program
        del sys.modules[name]
        raise BenchError(f"Cannot import plugin {path}: {_said(error)}{_hint(error, file)}.") from error
    if changes:
        del sys.modules[name]
        raise BenchError(
            f"Plugin {path} changes {' and '.join(changes)} for all techniques: "
            f"remove that, or do it inside methods of its own classes and undo it there."
        )
    return module


def _hint(error: BaseException, file: Path) -> str:
    """Say what a plugin of several files has to write, if it looks for one of them in another way."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        first = error.name.split(".")[0]
        if (file.with_name(f"{first}.py")).exists() or (file.parent / first).is_dir():
            return f"; it is beside the plugin, so write 'from .{error.name} import …'"
    if "beyond top-level package" in str(error):
        return "; a plugin can import what is beside it or in folders below it, as in 'from .parts import …'"
    return ""


def _said(error: BaseException) -> str:
    said = " ".join(str(error).split()).rstrip(".")
    return said if isinstance(error, containment.Exit) else f"{type(error).__name__}: {said}".rstrip(": ")
