"""Says what the program is waiting for, once that takes long."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

LOG = logging.getLogger("bptt-bench")

SECONDS_OF_SILENCE = 3.0
"""Seconds after which the program says what it is waiting for."""


@contextmanager
def told_if_slow(sentence: str) -> Iterator[None]:
    """Say what is waited for, once it takes long."""
    timer = threading.Timer(SECONDS_OF_SILENCE, LOG.warning, ["%s", sentence])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
