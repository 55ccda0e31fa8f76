"""Identifies the code that a piece of work needs, and checks that the process that does it has the same."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import bench

ROOMS = ("tasks", "techniques", "engine", "records", "protocol", "training", "execution")
"""Rooms whose code a worker runs."""
LIBRARIES = ("torch", "pytorch-lightning", "numpy", "pandas")
"""Libraries whose versions affect numbers, or what can be sent between processes."""


@cache
def own_code() -> str:
    """A hash of the files that make a result, as this process has found them."""
    package = Path(bench.__file__).parent
    files = [file for room in ROOMS for file in (package / room).rglob("*") if file.suffix in (".py", ".c", ".h")]
    hashed = hashlib.sha256()
    for file in sorted([*files, *package.glob("*.py")]):
        hashed.update(f"{file.relative_to(package)}\0".encode() + file.read_bytes())
    return hashed.hexdigest()[:12]


def differing_code(code: str) -> str:
    """A sentence without its full stop, if this process runs other code than that (an `own_code`); or ''."""
    if code == own_code():
        return ""
    return (
        f"{Path(bench.__file__).parent} holds a different bptt-bench from the one that was started, "
        f"so its results would be mislabelled; install the same version"
    )


def libraries() -> dict[str, str]:
    """Return the versions, without build tags, of Python and the libraries that results depend on."""
    found = {"python": ".".join(platform.python_version_tuple()[:2])}
    for name in LIBRARIES:
        try:
            found[name] = version(name).partition("+")[0]  # with a GPU or without
        except PackageNotFoundError:
            found[name] = "missing"
    return found


def differing_libraries(wanted: dict[str, str]) -> str:
    """'torch 2.12.0 instead of 2.13.0, …', of what this process has otherwise; or ''."""
    here = libraries()
    return ", ".join(f"{name} {here[name]} instead of {wanted[name]}" for name in wanted if here[name] != wanted[name])
