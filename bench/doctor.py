"""Whether this machine has what the benchmark needs; every finding comes with its remedy."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from bench.errors import BenchError

PANGO_PACKAGES = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")
FONT_PACKAGES = ("fonts-noto-cjk",)
LEAST_DISK = 1 << 30
"""Bytes that a store with a few thousand members and its reports can take."""

State = Literal["ok", "note", "problem"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: a `problem` must be mended, a `note` may be."""

    subject: str
    state: State
    detail: str
    remedy: str = ""
    packages: tuple[str, ...] = ()
    """Debian packages that would mend it."""


def examine(store: str | None) -> list[Finding]:
    """Look at everything; `store` is the tracking URI, or None for the default one."""
    return [
        check_python(),
        *check_libraries(),
        check_pango(),
        check_fonts(),
        check_store(store),
        check_disk(Path.cwd()),
        check_processor(),
    ]


def check_python() -> Finding:
    """Is the interpreter new enough?"""
    wanted = _distribution().metadata["Requires-Python"]
    version = ".".join(map(str, sys.version_info[:3]))
    if SpecifierSet(wanted).contains(version, prereleases=True):
        return Finding("Python", "ok", version)
    return Finding("Python", "problem", f"{version}, not {wanted}", f"install Python {wanted}")


def check_libraries() -> Iterator[Finding]:
    """Does every library that is required stand in a version that is allowed?"""
    for text in _distribution().requires or []:
        needed = Requirement(text)
        if needed.marker is None or needed.marker.evaluate({"extra": ""}):
            yield check_library(needed)


def check_library(needed: Requirement) -> Finding:
    """Is this one installed, in a version that is allowed?"""
    remedy = f"python -m pip install '{needed}'"
    try:
        version = metadata.version(needed.name)
    except metadata.PackageNotFoundError:
        return Finding(needed.name, "problem", "not installed", remedy)
    if needed.specifier.contains(version, prereleases=True):
        return Finding(needed.name, "ok", version)
    return Finding(needed.name, "problem", f"{version}, not {needed.specifier}", remedy)


def _distribution() -> metadata.Distribution:
    try:
        return metadata.distribution("bptt-bench")
    except metadata.PackageNotFoundError as error:
        raise BenchError(
            "bptt-bench is not installed here: run `python -m pip install .` in its folder."
        ) from error


def check_pango() -> Finding:
    """Can WeasyPrint load Pango? Tried in another process: a failed load cannot be repeated in this one."""
    tried = subprocess.run(
        [sys.executable, "-c", "import weasyprint"], capture_output=True, text=True, check=False
    )
    if tried.returncode:
        last = (tried.stderr.strip().splitlines() or ["WeasyPrint does not import"])[-1]
        return Finding("Pango", "problem", f"no PDF: {last}", _install_line(PANGO_PACKAGES), PANGO_PACKAGES)
    if sys.platform == "linux" and not _loads("libharfbuzz-subset.so.0"):
        packages = ("libharfbuzz-subset0",)
        return Finding(
            "Pango", "note", "larger PDF files: HarfBuzz cannot subset", _install_line(packages), packages
        )
    return Finding("Pango", "ok", "WeasyPrint loads it")


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def check_fonts() -> Finding:
    """Is there a font for the Chinese report?"""
    remedy = _install_line(FONT_PACKAGES)
    if shutil.which("fc-list") is None:
        return Finding(
            "Chinese font",
            "problem",
            "fontconfig's fc-list is not there",
            _install_line(PANGO_PACKAGES + FONT_PACKAGES),
            PANGO_PACKAGES + FONT_PACKAGES,
        )
    listed = subprocess.run(["fc-list", ":lang=zh-cn", "family"], capture_output=True, text=True, check=False)
    families = sorted({line.split(",")[0] for line in listed.stdout.splitlines()})
    if not families:
        return Finding("Chinese font", "problem", "none is installed", remedy, FONT_PACKAGES)
    return Finding("Chinese font", "ok", families[0])


def check_store(uri: str | None) -> Finding:
    """Does the store open, and may it be written?"""
    from bench.tracking import Store

    try:
        store = Store.open(uri)
    except BenchError as error:
        return Finding(
            "store", "problem", str(error), "give --store another address, or move the broken file away"
        )
    return Finding("store", "ok", store.uri)


def check_disk(folder: Path) -> Finding:
    """Is there room for a store and its reports?"""
    free = shutil.disk_usage(folder).free
    detail = f"{free / 1e9:.1f} GB free in {folder}"
    if free < LEAST_DISK:
        return Finding("disk", "problem", detail, f"free {LEAST_DISK / 1e9:.0f} GB")
    return Finding("disk", "ok", detail)


def check_processor() -> Finding:
    """How many cores there are, and whether vanishing gradients slow them down."""
    import joblib
    import torch

    cores = f"{joblib.cpu_count()} cores"
    can_flush = torch.set_flush_denormal(True)
    torch.set_flush_denormal(False)
    if can_flush:
        return Finding("processor", "ok", f"{cores}, flushes denormal numbers")
    return Finding(
        "processor", "note", f"{cores}; vanished gradients slow it down, for it cannot flush denormal numbers"
    )


def _install_line(packages: Iterable[str]) -> str:
    return f"sudo apt-get install -y --no-install-recommends {' '.join(packages)}"


def install_packages(packages: Iterable[str]) -> None:
    """Install Debian packages as root, or by a sudo that asks nothing.

    Raises BenchError with the line to run where neither goes.
    """
    line = _install_line(packages)
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if shutil.which("apt-get") is None:
        raise BenchError(
            f"There is no apt-get here: install by your system's own means what this would: {line}"
        )
    for words in ("apt-get update", line.removeprefix("sudo ")):
        command = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", *words.split()]
        try:
            done = subprocess.run(command, stdout=sys.stderr, check=False).returncode == 0
        except FileNotFoundError:  # no sudo
            done = False
        if not done:
            raise BenchError(f"System packages are missing and could not be installed; run: {line}")
