"""Names of snapshots of the history."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.tracking import Store

SNAPSHOT = "latest, previous, a date (2026-01-31), an id, a file or a store."
"""Help on what a snapshot may be called."""


def opener(store: str | None) -> Callable[[], Store]:
    """A function that opens the store, for those names that need it."""

    def open_store() -> Store:
        from bench.tracking import Store

        return Store.open(store, create=False)

    return open_store
