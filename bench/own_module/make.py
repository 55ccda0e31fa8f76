"""Writes the file of a technique made from a module: a plugin, which reaches all processes as any other does."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from platformdirs import user_state_path

from bench.errors import BenchError
from bench.files import write_whole
from bench.own_module.look import Found, look
from bench.records.foreign_code import files_of
from bench.registry import PLUGIN, run_plugin
from bench.techniques import techniques

TEXT = '''"""A technique that was made from a module by `--module`."""

import sys
from pathlib import Path

from bench.techniques.own_module import OwnModule

sys.path.insert(0, str(Path(__file__).parent))  # where the module finds what it imports

{line}


class FromModule(OwnModule):
    """The module as its author wrote it."""

    name = {name!r}
    title = {title!r}
    made_from = {made_from!r}
    make = staticmethod({what})
'''


class MadeModule(NamedTuple):
    """A technique that was made from a module."""

    name: str
    plugin: Path
    says: list[str]
    """Sentences for its author."""


def make_module(spec: str, by_protocol: bool = False) -> MadeModule:
    """Make a technique of 'FILE.py:CLASS' or 'package.module:CLASS'. Raises BenchError, in one sentence, if it is none.

    A file is copied with all that it imports from its folder: what is edited later does not reach a run.
    """
    where, sign, what = spec.rpartition(":")
    if not sign or not what.isidentifier() or not where:
        raise BenchError(f"--module {spec}: write FILE.py:CLASS, or package.module:CLASS.")
    name = _name(what)
    files, line = _from_file(Path(where), what) if where.endswith(".py") else ({}, f"from {where} import {what}")
    if not files and not re.fullmatch(r"\w+(\.\w+)*", where):
        raise BenchError(f"--module {spec}: '{where}' is neither a file that ends in .py nor a module's name.")
    text = TEXT.format(line=line, name=name, title=what, what=what, made_from=f"{Path(where).name}:{what}")
    plugin = _write(name, text, files)
    made = _loaded(plugin, spec)
    found = look(made.FromModule.make, what)
    plugin = _write(name, text + _attributes(found, by_protocol), files)
    return MadeModule(name, plugin, found.notes)


def _name(what: str) -> str:
    """The technique's name: the class's in lower case; one of this project's own is not taken."""
    name = re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", what).lower()).strip("-")
    known = techniques.built_in().get(name)
    return f"my-{name}" if known is not None and not known.__module__.startswith(PLUGIN) else name


def _from_file(file: Path, what: str) -> tuple[dict[str, bytes], str]:
    """The files that a module needs, by their path from its folder, and the line that imports it."""
    if not file.is_file():
        raise BenchError(f"--module {file}: there is no such file.")
    if not file.stem.isidentifier():
        raise BenchError(f"--module {file}: Python cannot import a file of this name; rename it.")
    file = file.resolve()
    asked = ModuleType(f"{PLUGIN}asked")
    asked.__file__ = str(file)
    found = {f.relative_to(file.parent).as_posix(): f.read_bytes() for f in files_of(asked).values()}
    return found, f"from .{file.stem} import {what}"


def _attributes(found: Found, by_protocol: bool) -> str:
    """The lines that say what was found out."""
    words = {"widths": found.widths, "together": found.together, "by_protocol": by_protocol}
    return "".join(f"    {name} = {value!r}\n" for name, value in words.items())


def _write(name: str, text: str, files: dict[str, bytes]) -> Path:
    """Write a plugin and the files beside it, where they are not there already.

    No module is found by the plugin's name: one called `random` would hide Python's own from what starts beside it.
    """
    own = f"made-from-{name}.py"
    content = {**files, own: text.encode()}
    place = hashlib.sha256(repr(sorted(content.items())).encode()).hexdigest()[:16]
    folder = user_state_path("bptt-bench") / "own-modules" / place
    for path, data in content.items():
        file = folder / path
        if not file.is_file() or file.read_bytes() != data:
            write_whole(file, data, "give XDG_STATE_HOME a folder that can be written to")
    return folder / own


def _loaded(plugin: Path, spec: str) -> Any:
    """The plugin's module. Raises BenchError, naming what the user named, if it cannot be imported."""
    try:
        return run_plugin(plugin)
    except BenchError as error:
        said = str(error).replace(f"Cannot import plugin {plugin}: ", "")
        raise BenchError(f"--module {spec} cannot be imported: {said}") from error
