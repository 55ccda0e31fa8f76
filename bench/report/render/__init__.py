"""Renderers: each walks a document and gives the bytes of a file. A further format is one file here."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from bench.report.render.base import Format


@cache
def formats() -> dict[str, Format]:
    """The formats by name: what the modules of this folder call FORMAT."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    found = (vars(module).get("FORMAT") for module in modules)
    return {one.name: one for one in found if isinstance(one, Format)}
