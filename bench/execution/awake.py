"""A clock that stands still while the program is stopped, as by Ctrl-Z or by a scheduler that needs the machine."""

from __future__ import annotations

import threading
import time

BEAT = 0.5
"""Seconds between two looks at the time."""
LONGEST_GAP = 2.0
"""Seconds that count at most between two looks: when more have passed, nobody could look."""


class AwakeClock:
    """Counts the seconds for which this process ran, within a `with`, from 0 on."""

    def __init__(self) -> None:
        self._passed, self._last = 0.0, time.monotonic()
        self._looking, self._left = threading.Lock(), threading.Event()

    def __enter__(self) -> AwakeClock:
        threading.Thread(target=self._beat, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._left.set()

    def now(self) -> float:
        """Seconds so far."""
        with self._looking:
            moment = time.monotonic()
            self._passed += min(moment - self._last, LONGEST_GAP)
            self._last = moment
            return self._passed

    def _beat(self) -> None:
        while not self._left.wait(BEAT):
            self.now()
