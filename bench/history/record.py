"""Ends a run with what is known by then."""

from __future__ import annotations

from collections.abc import Callable

from bench.history.take import take
from bench.tracking import Store


def record(store: Store, sample_speeds: Callable[[], object]) -> str:
    """Store a sample of speeds and then a snapshot; return the snapshot's id, or '' if the store holds no result.

    sample_speeds: writes the sample to the store. Both are done under the store's lock. Raises BenchError if the store
    cannot be written.
    """
    with store.lock():
        if store.members().empty:
            return ""
        sample_speeds()
        taken = take(store)
        store.write_snapshot(taken)
        return taken.id
