"""Keeps users' own code from changing anything for others: how numbers are computed, process-wide switches, output."""

from __future__ import annotations

import gc
import logging
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, NoReturn

from bench import interpreters


class Switch(NamedTuple):
    """Something that holds for a whole process."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], object]


def changes_of_numbers(before: dict[str, Any]) -> list[str]:
    """List the settings of numerics that have changed since `before`, each as in 'torch's threads (from 1 to 8)'."""
    after = numbers()
    return [f"{name} (from {before[name]} to {after[name]})" for name in before if before[name] != after[name]]


def numbers() -> dict[str, Any]:
    """Return the process's settings of numerics by name."""
    return {switch.name: switch.read() for switch in _of_numbers()}


@contextmanager
def settled() -> Iterator[None]:
    """Whatever happens within, the process's switches are afterwards as they were, and as in training meanwhile."""
    import torch

    switches = [*_of_numbers(), *_of_the_process()]
    before = [switch.read() for switch in switches]
    torch.set_num_threads(1)
    try:
        yield
    finally:
        for switch, value in zip(switches, before, strict=True):
            switch.write(value)


def _of_numbers() -> list[Switch]:
    """Read the settings that change computed numbers or the time that it takes to compute them."""
    import torch

    return [
        Switch("torch's default dtype", torch.get_default_dtype, torch.set_default_dtype),
        Switch("torch's default device", torch.get_default_device, _set_default_device),
        Switch("torch's gradient mode", torch.is_grad_enabled, torch.set_grad_enabled),
        Switch("torch's threads", torch.get_num_threads, torch.set_num_threads),
        Switch("torch's flushing of denormal numbers", _flushes_denormal, torch.set_flush_denormal),
        Switch("torch's precision of products", torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
        Switch("torch's deterministic algorithms", _deterministic, _set_deterministic),
        Switch("torch's anomaly detection", torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
    ]


def _of_the_process() -> list[Switch]:
    """Read the process-wide settings that other code would trip over."""
    import numpy as np
    import torch

    root = logging.getLogger()
    switches = [
        Switch("torch's random numbers", torch.get_rng_state, torch.set_rng_state),
        Switch("NumPy's random numbers", np.random.get_state, np.random.set_state),
        Switch("Python's random numbers", random.getstate, random.setstate),
        Switch("NumPy's errors", np.geterr, lambda words: np.seterr(**words)),
        Switch("filters of warnings", lambda: list(warnings.filters), _set_filters),
        Switch("the log", lambda: (root.level, list(root.handlers)), _set_log),
        Switch("the collector", lambda: (gc.isenabled(), gc.get_threshold()), _set_collector),
        Switch("the depth of recursion", sys.getrecursionlimit, sys.setrecursionlimit),
        Switch("the environment", os.environ.copy, _set_environment),
        Switch("the working folder", _working_folder, _set_working_folder),
    ]
    if threading.current_thread() is threading.main_thread():
        kinds = (signal.SIGINT, signal.SIGTERM)
        switches.append(Switch("signals", lambda: [signal.getsignal(kind) for kind in kinds], _set_signals))
    return switches


def _set_default_device(device: Any) -> None:
    import torch

    torch.set_default_device(None if device.type == "cpu" else device)  # to name it costs time in every operation


def _flushes_denormal() -> bool:
    import torch

    return torch.full((1,), 1e-38, dtype=torch.float32, device="cpu").mul_(0.1).item() == 0


def _deterministic() -> tuple[bool, bool]:
    import torch

    return torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()


def _set_deterministic(values: tuple[bool, bool]) -> None:
    import torch

    torch.use_deterministic_algorithms(values[0], warn_only=values[1])


def _set_filters(filters: list[Any]) -> None:
    if list(warnings.filters) != filters:
        with warnings.catch_warnings():
            warnings.resetwarnings()  # has Python forget what it remembers of the old ones
        warnings.filters[:] = filters  # type: ignore[index]


def _set_log(values: tuple[int, list[logging.Handler]]) -> None:
    root = logging.getLogger()
    root.setLevel(values[0])
    root.handlers[:] = values[1]


def _set_collector(values: tuple[bool, tuple[int, int, int]]) -> None:
    (gc.enable if values[0] else gc.disable)()
    gc.set_threshold(*values[1])


def _set_environment(values: dict[str, str]) -> None:
    if dict(os.environ) != values:
        os.environ.clear()
        os.environ.update(values)


def _working_folder() -> str | None:
    with suppress(OSError):  # it may have been removed
        return str(Path.cwd())
    return None


def _set_working_folder(folder: str | None) -> None:
    if folder is not None and folder != _working_folder():
        os.chdir(folder)


def _set_signals(handlers: list[Any]) -> None:
    for kind, handler in zip((signal.SIGINT, signal.SIGTERM), handlers, strict=True):
        if handler is not None:  # None: not set from Python
            signal.signal(kind, handler)


@contextmanager
def aside() -> Iterator[None]:
    """Send everything printed in this context to standard error: standard output is for data."""
    sys.stdout.flush() if sys.stdout else None
    kept = _duplicate(1)
    if kept is not None and not _redirect(2, 1):
        os.close(kept)
        kept = None
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        if kept is not None:
            os.dup2(kept, 1)
            os.close(kept)


def speak_aside() -> None:
    """Send everything that this process prints from now on to standard error."""
    _redirect(2, 1)
    sys.stdout = sys.stderr


def _duplicate(number: int) -> int | None:
    try:
        return os.dup(number)
    except OSError:  # it is closed
        return None


def _redirect(source: int, target: int) -> bool:
    """Redirect `target` to `source`; return True if that worked."""
    try:
        os.dup2(source, target)
    except OSError:
        return False
    return True


class Exit(BaseException):
    """Somebody else's code wants to end the program."""


@contextmanager
def kept_alive() -> Iterator[None]:
    """`os._exit` raises within, in this process: else a program that has done nothing could end with 0."""
    process, leave = os.getpid(), os._exit

    def refuse(status: int) -> NoReturn:
        if os.getpid() != process:
            leave(status)
        raise Exit(f"it calls os._exit({status})")

    os._exit = refuse
    try:
        yield
    finally:
        os._exit = leave


@contextmanager
def own_path() -> Iterator[None]:
    """Confine changes of the import path: a plugin's entries serve that plugin alone, now and later."""
    before = list(sys.path)
    sys.path[:] = [entry for entry in before if entry not in interpreters.of_plugins]
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # it knows a changed file by its second and size
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes
        added = [entry for entry in sys.path if entry not in before]
        interpreters.of_plugins.update(added)
        sys.path[:] = [*added, *before]


_of_plugins: dict[str, ModuleType] = {}
"""The modules that plugins have brought along, by their names."""


@contextmanager
def own_modules(folder: Path, into: list[Path]) -> Iterator[None]:
    """Import modules below the plugin's folder afresh, even if another module of the same name is loaded.

    Its files are gathered. Afterwards the last of a name is the one that is found.
    """
    before = {name: sys.modules.pop(name) for name in list(_of_plugins) if name in sys.modules}
    known = set(sys.modules)
    try:
        yield
    finally:
        for name in set(sys.modules) - known:
            place = _place(sys.modules[name])
            if place and is_below(place, folder) and not name.startswith("bench."):
                _of_plugins[name] = sys.modules[name]
                if place.is_file():
                    into.append(place)
        for name, module in before.items():
            sys.modules.setdefault(name, module)


def _place(module: ModuleType) -> Path | None:
    """A module's file, or the folder of a package that has none."""
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    return next((Path(place) for place in places if isinstance(place, str)), None)


def is_below(file: Path, folder: Path) -> bool:
    """Return True if a file belongs to the code in a folder; what Python or pip installed there does not."""
    installed = {"site-packages", "dist-packages"} & set(file.parts) or file.is_relative_to(_STANDARD_LIBRARY)
    return file.is_relative_to(folder) and not installed


_STANDARD_LIBRARY = Path(os.__file__).parent
