"""Finds claims: the source's by their folder, others by entry point and in a user's own files."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from bench import plain_yaml
from bench.errors import BenchError
from bench.evidence.claims.model import SOURCE, Claim

GROUP = "bptt_bench.claims"
"""The entry points by which a package brings claims: the family's name, and the package whose folder has the files."""
BEYOND = "beyond the source"
"""The family of our own claims, which go beyond the source's."""
SUFFIX = ".yaml"
BESIDE = ".claims.yaml"
"""The end of the name of a file beside a plugin: mine.claims.yaml beside mine.py."""

_plugins: dict[str, tuple[Claim, ...]] = {}
"""The claims of users' own files, by the path of the file."""


@cache
def source_claims() -> tuple[Claim, ...]:
    """The source's claims S01 to S30, in that order."""
    return _of_folder(files(__package__), SOURCE)


@cache
def further_claims() -> tuple[Claim, ...]:
    """Our own claims E01 to E10, in that order."""
    return _of_folder(files(__package__) / "beyond", BEYOND)


def families() -> dict[str, tuple[Claim, ...]]:
    """All claims by family, the source's first. A family is corrected for its own comparisons alone.

    Our own claims are one, and so is every entry point and every file of a user's own. Raises BenchError where two
    claims have one id.
    """
    found = {SOURCE: source_claims(), BEYOND: further_claims(), **_of_entry_points(), **_plugins}
    homes: dict[str, str] = {}
    for family, claims in found.items():
        for claim in claims:
            if claim.id in homes:
                raise BenchError(f"{homes[claim.id]} and {family} both define a claim {claim.id}.")
            homes[claim.id] = family
    return found


def find_claim(name: str) -> Claim:
    """The claim with this id, of whatever family; raises BenchError if there is none."""
    for claims in families().values():
        for claim in claims:
            if claim.id == name:
                return claim
    raise BenchError(f"Unknown claim '{name}': see bptt-bench list claims.")


def add_claims(file: Path) -> None:
    """Have a user's own file of claims judged, too, in a family of its own. Raises BenchError if it is not one."""
    known = _plugins.pop(str(file), None)
    try:
        _plugins[str(file)] = read_claims(file)
        families()
    except BenchError:
        _plugins.pop(str(file), None)
        if known is not None:
            _plugins[str(file)] = known
        raise


def load_claims(files: Iterable[Path]) -> None:
    """Have the claims judged, too, that are in YAML files or beside plugins. Raises BenchError as `add_claims` does."""
    files = list(files)
    beside = [found for file in files if (found := claims_beside(file))]
    for file in [*filter(is_claims, files), *beside]:
        add_claims(file)


def is_claims(file: Path) -> bool:
    """Return whether a user's own file holds claims, and no classes."""
    return file.suffix == SUFFIX


def claim_files() -> list[Path]:
    """The files of users' own claims that are judged, too."""
    return [Path(file) for file in _plugins]


def claims_beside(plugin: Path) -> Path | None:
    """The file of claims that lies beside a plugin; None if there is none."""
    file = plugin.with_name(plugin.stem + BESIDE)
    return file if file.is_file() else None


def read_claims(file: Path) -> tuple[Claim, ...]:
    """The claim in a YAML file, or the claims if it is a list. Raises BenchError if they are none."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise BenchError(f"Cannot read the claims file {file}: --plugin takes UTF-8 text.") from None
    try:
        found = plain_yaml.load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        why = getattr(error, "problem", None) or "this is not valid YAML"
        raise BenchError(f"{file}{line}: {why}.") from None
    if isinstance(found, list) and not found:
        raise BenchError(f"{file} defines no claim: see bench/evidence/claims for examples.")
    return _claims(found if isinstance(found, list) else [found], str(file))


def _claims(found: Iterable[Any], where: str) -> tuple[Claim, ...]:
    try:
        return tuple(Claim.model_validate(claim) for claim in found)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"]))
        message = fault["msg"].removeprefix("Value error, ")
        raise BenchError(f"{where}: {place + ': ' if place else ''}{message}.") from None


@cache
def _of_entry_points() -> dict[str, tuple[Claim, ...]]:
    return {entry.name: _of_folder(files(entry.value), entry.name) for entry in entry_points(group=GROUP)}


def _of_folder(folder: Traversable, where: str) -> tuple[Claim, ...]:
    """The claims of a folder's YAML files, in the order of the files' names."""
    own = sorted((file for file in folder.iterdir() if file.name.endswith(SUFFIX)), key=lambda file: file.name)
    return _claims((plain_yaml.load_own(file.read_text(encoding="utf-8")) for file in own), where)
