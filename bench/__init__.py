"""bptt-bench: what really helps against vanishing gradients in recurrent networks.

`diagnose`, `watch` and `GradientFlow` are imported when they are asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.diagnosis.api import diagnose
    from bench.diagnosis.callback import GradientFlow
    from bench.diagnosis.watch import watch

__version__ = "0.1.0"
__all__ = ["GradientFlow", "diagnose", "watch"]
_HOMES = {"diagnose": "api", "GradientFlow": "callback", "watch": "watch"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.diagnosis.{_HOMES[name]}"), name)
