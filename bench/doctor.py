"""Checks that this machine has what the benchmark needs; every finding names its remedy."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from bench.errors import BenchError

PANGO_PACKAGES = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")
FONT_PACKAGES = ("fontconfig", "fonts-noto-cjk")
COMPILER_PACKAGES = ("gcc", "libc6-dev")
KERNELS_REMEDY = "set CC to a C compiler, or XDG_CACHE_HOME to a writable folder"
LEAST_DISK = 1 << 30
"""Bytes that a store with a few thousand members and its reports can take."""

EXTRAS = {
    "data": "tasks on MNIST, a laser and an ECG",
    "ray": "runs on a cluster",
    "postgresql": "stores in PostgreSQL",
}
"""The extras of this project that users may want, and what for."""

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
        *check_package(),
        check_pango(),
        check_fonts(),
        check_store(store),
        check_disk(Path.cwd()),
        check_processor(),
        check_kernels(),
    ]


def check_package() -> Iterator[Finding]:
    """Check that Python and all required libraries are installed in supported versions."""
    try:
        package = metadata.distribution("bptt-bench")
    except metadata.PackageNotFoundError:
        yield Finding("bptt-bench", "problem", "not installed", "python -m pip install . (in its folder)")
        return
    yield check_python(package.metadata["Requires-Python"])
    required = [Requirement(line) for line in package.requires or ()]
    for needed in required:
        if needed.marker is None or needed.marker.evaluate({"extra": ""}):
            yield check_library(needed)
    for extra, use in EXTRAS.items():
        if added := _of_extra(extra, required):
            yield check_extra(extra, use, added)


def _of_extra(extra: str, required: Iterable[Requirement]) -> list[Requirement]:
    """The requirements that an extra adds."""
    optional = [one for one in required if one.marker and not one.marker.evaluate({"extra": ""})]
    return [one for one in optional if one.marker and one.marker.evaluate({"extra": extra})]


def check_extra(extra: str, use: str, needed: Iterable[Requirement]) -> Finding:
    """Check that the libraries of an extra are installed; nobody needs them who does not want what it is for."""
    if lacking := [one.subject for one in map(check_library, needed) if one.state != "ok"]:
        detail = f"no {use}: {', '.join(lacking)} missing or too old"
        return Finding(f"extra {extra}", "note", detail, f"python -m pip install 'bptt-bench[{extra}]'")
    return Finding(f"extra {extra}", "ok", f"{use} can be used")


def check_python(wanted: str) -> Finding:
    """Check that the interpreter is recent enough."""
    version = ".".join(map(str, sys.version_info[:3]))
    if SpecifierSet(wanted).contains(version, prereleases=True):
        return Finding("Python", "ok", version)
    return Finding("Python", "problem", f"{version}, not {wanted}", f"install Python {wanted}")


def check_library(needed: Requirement) -> Finding:
    """Check that a library is installed in a supported version."""
    remedy = f"python -m pip install '{needed}'"
    try:
        version = metadata.version(needed.name)
    except metadata.PackageNotFoundError:
        return Finding(needed.name, "problem", "not installed", remedy)
    if needed.specifier.contains(version, prereleases=True):
        return Finding(needed.name, "ok", version)
    return Finding(needed.name, "problem", f"{version}, not {needed.specifier}", remedy)


def check_pango() -> Finding:
    """Can WeasyPrint load Pango? Tried in another process: a failed load cannot be repeated in this one."""
    tried = subprocess.run(
        [sys.executable, "-P", "-c", "import weasyprint"], capture_output=True, text=True, check=False
    )
    if tried.returncode:
        last = (tried.stderr.strip().splitlines() or ["WeasyPrint cannot be imported"])[-1]
        return Finding("Pango", "problem", f"no PDF: {last}", _install_line(PANGO_PACKAGES), PANGO_PACKAGES)
    if sys.platform == "linux" and not _loads("libharfbuzz-subset.so.0"):
        packages = ("libharfbuzz-subset0",)
        return Finding("Pango", "note", "larger PDF files: HarfBuzz cannot subset", _install_line(packages), packages)
    return Finding("Pango", "ok", "WeasyPrint loads it")


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def check_fonts() -> Finding:
    """Check for a font that has the characters of the Chinese report."""
    command = ["fc-list", ":lang=zh-cn", "family"]
    listed = ""
    if shutil.which(command[0]):
        listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    families = sorted({line.split(",")[0] for line in listed.splitlines()})
    if families:
        return Finding("Chinese font", "ok", families[0])
    return Finding("Chinese font", "problem", "fontconfig finds none", _install_line(FONT_PACKAGES), FONT_PACKAGES)


def check_store(uri: str | None) -> Finding:
    """Check that the store opens, or that one could be created; none is created here."""
    try:
        from bench.tracking import Store
        from bench.tracking.address import locate

        database = locate(uri).database
        if database is not None and not database.exists():
            return _check_new_store(database)
        return Finding("store", "ok", f"{Store.open(uri, create=False).shown} opens")
    except ImportError as error:
        return Finding("store", "problem", f"cannot import MLflow: {error}", "see the libraries above")
    except BenchError as error:
        return Finding("store", "problem", str(error), "choose another with --store")


def _check_new_store(database: Path) -> Finding:
    nearest = next(folder for folder in database.parents if folder.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK):
        return Finding("store", "ok", f"none yet; a run will create {database}")
    return Finding("store", "problem", f"{database} cannot be created", f"make {nearest} a writable folder")


def check_disk(folder: Path) -> Finding:
    """Check that there is disk space for a store and its reports."""
    free = shutil.disk_usage(folder).free
    detail = f"{free / 1e9:.1f} GB free in {folder}"
    if free < LEAST_DISK:
        return Finding("disk", "problem", detail, f"free {LEAST_DISK / 1e9:.0f} GB")
    return Finding("disk", "ok", detail)


def check_processor() -> Finding:
    """Report the number of cores and how much denormal numbers, which vanishing gradients produce, slow them down."""
    try:
        import joblib
        import torch
    except ImportError as error:
        return Finding("processor", "problem", f"cannot import PyTorch: {error}", "see the libraries above")
    cores = f"{joblib.cpu_count()} cores"
    can_flush = torch.set_flush_denormal(True)
    torch.set_flush_denormal(False)
    if can_flush:
        return Finding("processor", "ok", f"{cores}, flushes denormal numbers")
    return Finding(
        "processor", "note", f"{cores}; slow on vanishing gradients, because it cannot flush denormal numbers"
    )


def check_kernels() -> Finding:
    """Check that the native kernels are there or can be built. Training works without them, several times slower."""
    try:
        from bench.engine.native import why_not
    except ImportError as error:
        return Finding("native kernels", "problem", f"cannot import PyTorch: {error}", "see the libraries above")
    reason = why_not()
    if reason is None:
        return Finding("native kernels", "ok", "built")
    missing = shutil.which("cc") is None
    packages = COMPILER_PACKAGES if missing else ()
    remedy = _install_line(packages) if missing else KERNELS_REMEDY
    return Finding("native kernels", "note", f"none, training is slower: {reason}", remedy, packages)


def _install_line(packages: Iterable[str]) -> str:
    return f"sudo apt-get install -y --no-install-recommends {' '.join(packages)}"


def install_missing(findings: Sequence[Finding]) -> None:
    """Install what would mend the findings; where that fails, at least what must be mended.

    Raises BenchError where not even that goes: what is merely a note stays one.
    """
    needed, wished = (
        list(dict.fromkeys(package for finding in findings if finding.state in states for package in finding.packages))
        for states in (("problem",), ("problem", "note"))
    )
    try:
        install_packages(wished)
    except BenchError:
        if needed:
            install_packages(needed)


def install_packages(packages: Iterable[str]) -> None:
    """Install Debian packages as root, or by a sudo that asks nothing.

    Raises BenchError with the line to run where neither goes.
    """
    line = _install_line(packages)
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if shutil.which("apt-get") is None:
        raise BenchError(
            "apt-get is not available: install the equivalent of these packages with your system's package manager: "
            f"{line}"
        )
    for words in ("apt-get update", line.removeprefix("sudo ")):
        command = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", *words.split()]
        try:
            done = subprocess.run(command, stdout=sys.stderr, check=False).returncode == 0
        except FileNotFoundError:  # no sudo
            done = False
        if not done:
            raise BenchError(f"System packages are missing and could not be installed; run: {line}")
