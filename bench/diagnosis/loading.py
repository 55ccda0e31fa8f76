"""Reads what the command line names: the user's model, batch, checkpoint and loss."""

from __future__ import annotations

import importlib
import importlib.util
import io
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

from bench import containment
from bench.diagnosis.api import LOSSES, as_batch
from bench.diagnosis.blame import theirs
from bench.diagnosis.subject import Batch, Loss, seeded
from bench.errors import BenchError, brief

MOST = 512
"""Sequences that are taken from a loader."""


@dataclass(frozen=True)
class Maker:
    """The user's factory or class of a model."""

    name: str
    make: Callable[[], Any]

    def __call__(self, seed: int = 0) -> nn.Module:
        """A new model whose weights this seed draws. Raises BenchError for whatever the user's code raises."""
        with seeded(seed), theirs(f"when {self.name} was called"), containment.aside():
            model = self.make()
        if not isinstance(model, nn.Module):
            raise BenchError(f"{self.name} returns {type(model).__name__}, not a torch.nn.Module.")
        return model


def maker(named: str) -> Maker:
    """The factory that 'FILE.py:NAME' or 'module:NAME' names."""
    found = named_object(named, "the model")
    if isinstance(found, nn.Module):
        return Maker(named, lambda: found)
    if not callable(found):
        raise BenchError(f"{named} is {type(found).__name__}: it has to be a class or function that makes the model.")
    return Maker(named, found)


def named_object(named: str, what: str) -> Any:
    """Return what 'FILE.py:NAME' or 'module:NAME' names. Raises BenchError if there is no such thing."""
    place, colon, name = named.rpartition(":")
    if not colon or not place or not name:
        raise BenchError(f"'{named}' does not name {what}: write FILE.py:NAME or module:NAME.")
    module = _file(place) if place.endswith(".py") else _module(place)
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            public = [
                n for n, v in vars(module).items() if callable(v) and getattr(v, "__module__", "") == module.__name__
            ]
            hint = f" It has {', '.join(public[:8])}." if public else ""
            raise BenchError(f"{place} defines no '{name}'.{hint}")
        found = getattr(found, part)
    return found


def _file(place: str) -> ModuleType:
    file = _path(place)
    name = f"_diagnosed_{file.stem}_{abs(hash(str(file)))}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    _look_into(str(file.parent))
    try:
        with theirs("when the file was imported"), containment.aside():
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _module(name: str) -> ModuleType:
    _look_into(str(Path.cwd()))
    try:
        with containment.aside():
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise BenchError(f"There is no module '{name}' here: write FILE.py:NAME for a file.") from None
        with theirs("when the module was imported"):
            raise
    except Exception:
        with theirs("when the module was imported"):
            raise


def _look_into(folder: str) -> None:
    """Let the user's files import what lies beside them, as Python does when it runs a file."""
    if folder not in sys.path:
        sys.path.insert(0, folder)


def _path(place: str | Path) -> Path:
    try:
        file = Path(place).resolve()
        found = file.is_file()
    except (OSError, ValueError):
        found = False
    if not found:
        raise BenchError(f"There is no file {place}.")
    return file


def batch_file(place: str | Path) -> Batch:
    """The batch of an .npz file with x, y and maybe lengths, or of a .pt file with the same, read weights-only."""
    file = _path(place)
    if file.suffix == ".npz":
        return _named(_npz(file), file)
    if file.suffix not in (".pt", ".pth"):
        raise BenchError(f"{place} is no batch: give an .npz or a .pt file.")
    found = weights_only(file)
    return _named(found, file) if isinstance(found, dict) else as_batch(found)


def _npz(file: Path) -> dict[str, Any]:
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as archive:
            if not hasattr(archive, "files"):
                raise BenchError(f"{file} is not an .npz archive.")
            return {name: archive[name] for name in archive.files}
    except BenchError:
        raise
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise BenchError(f"{file} holds Python objects, which are not read: save arrays of numbers.") from None
        raise BenchError(f"{file} cannot be read: {brief(error)}.") from None
    except Exception as error:  # a damaged archive fails in many ways
        raise BenchError(f"{file} cannot be read: {brief(error)}.") from None


def _named(found: dict[str, Any], file: Path) -> Batch:
    missing = [name for name in ("x", "y") if name not in found]
    if missing:
        has = f"it has {', '.join(map(str, list(found)[:8]))}" if found else "it is empty"
        raise BenchError(f"{file} holds no {' and no '.join(missing)}: {has}.")
    return as_batch((found["x"], found["y"]), found.get("lengths"))


def weights_only(file: Path) -> Any:
    """Return what torch has saved in a file, if it is tensors and plain containers. Raises BenchError if it is more."""
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        if not zipfile.is_zipfile(file):
            raise BenchError(f"{file} cannot be read: it is no file that torch.save wrote.") from None
        if "weights_only" in str(error) or "Weights only" in str(error) or "WeightsUnpickler" in str(error):
            raise BenchError(
                f"{file} holds more than tensors: only plain containers of tensors are read, since a pickled object "
                "may run any code."
            ) from None
        raise BenchError(f"{file} cannot be read: {brief(error)}.") from None


def loaded_batch(named: str) -> Batch:
    """The first sequences of a loader, a function that returns one, or a pair of tensors, that 'module:NAME' names."""
    found = named_object(named, "a loader")
    with theirs(f"when {named} was read"), containment.aside(), seeded():
        if callable(found):
            found = found()
    return from_loader(found, named)


def from_loader(found: Any, named: str) -> Batch:
    """The first sequences of whatever gives batches, joined while they fit together."""
    if isinstance(found, tuple) and len(found) in (2, 3) and hasattr(found[0], "shape"):
        return as_batch(found)
    parts: list[Batch] = []
    with theirs(f"when {named} was read"), containment.aside(), seeded():
        try:
            batches = iter(found)
        except TypeError:
            raise BenchError(f"{named} gives {type(found).__name__}: it has to give batches (x, y).") from None
        for one in islice(batches, MOST):
            parts.append(_named(one, Path(named)) if isinstance(one, dict) else as_batch(one))
            if sum(len(part.y) for part in parts) >= MOST:
                break
    if not parts:
        raise BenchError(f"{named} gives no batch.")
    return _joined(parts)


def _joined(parts: list[Batch]) -> Batch:
    alike = [p for p in parts if p.x.shape[1:] == parts[0].x.shape[1:] and p.y.shape[1:] == parts[0].y.shape[1:]]
    if parts[0].lengths is not None or parts[0].x.shape[0] != parts[0].y.shape[0]:
        return parts[0]
    return Batch(torch.cat([p.x for p in alike]), torch.cat([p.y for p in alike]))


def restore(model: nn.Module, checkpoint: str | Path) -> None:
    """Load the weights of a checkpoint, Lightning's or a state dictionary. Raises BenchError if they do not fit."""
    found = weights_only(_path(checkpoint))
    weights = found.get("state_dict", found.get("model_state_dict", found)) if isinstance(found, dict) else found
    if not isinstance(weights, dict) or not all(hasattr(v, "shape") for v in weights.values()):
        raise BenchError(f"{checkpoint} holds no state dictionary.")
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise BenchError(f"{checkpoint} does not fit the model: {brief(error)}.") from None


def loss_named(named: str | None) -> str | Loss | None:
    """'mse', 'cross-entropy', or the user's own function."""
    if named is None or named in LOSSES:
        return named
    if ":" not in named:
        raise BenchError(f"Unknown loss '{named}': choose from {', '.join(LOSSES)}, or write FILE.py:FUNCTION.")
    found = named_object(named, "a loss")
    if isinstance(found, type) and issubclass(found, nn.Module):
        with theirs(f"when {named} was called"):
            found = found()
    if not callable(found):
        raise BenchError(f"{named} is {type(found).__name__}: a loss is a function of what the model returns and y.")
    return found


def own_batch(give: Callable[[], Any], named: str) -> Batch:
    """The first sequences of a LightningModule's own loader."""
    with theirs(f"when the train_dataloader of {named} was called"), containment.aside(), seeded():
        loader = give()
    return from_loader(loader, f"the train_dataloader of {named}")
