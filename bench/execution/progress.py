"""How far a run is, on standard error."""

from __future__ import annotations

import logging
import sys

import pandas as pd
from tqdm import tqdm

from bench.records.settings import Cohort
from bench.streams import is_terminal

SECONDS_BETWEEN_LINES = 10
"""Where the output is a file, not a terminal."""


LOG = logging.getLogger("bptt-bench")


class _Lines(tqdm):
    """Progress in a file: lines one below the other, where a terminal shows one that is written over."""

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        """Write a line, but for what clears the bar."""
        if msg is None:
            self.fp.write(f"{self}\n")
            self.fp.flush()


class Progress:
    """Members done of all, their rate, the time left, and the current best; where a log is kept, lines in it."""

    def __init__(self, total: int) -> None:
        terminal, logged = is_terminal(sys.stderr), LOG.isEnabledFor(logging.INFO)
        self.bar = (tqdm if terminal else _Lines)(
            total=total, disable=not total or logged or sys.stderr is None,
            unit="member", file=sys.stderr, dynamic_ncols=terminal, leave=terminal, smoothing=0.1,
            mininterval=0.2 if terminal else SECONDS_BETWEEN_LINES,
            bar_format="{percentage:3.0f}% {n:.0f}/{total:.0f} members [{elapsed}<{remaining}, {rate_fmt}{postfix}]",
        )  # fmt: skip
        self._finished = 0.0
        self._running: dict[str, float] = {}

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.refresh()
        self.bar.close()

    def running(self, cohort: Cohort, updates: int) -> None:
        """A cohort has done so many updates: count its members in part."""
        share = updates / max(1, cohort.setting.protocol.updates)
        self._running[cohort.key] = share * len(cohort.members)
        self._show()

    def finished(self, cohort: Cohort) -> None:
        """A cohort's members are done."""
        self._running.pop(cohort.key, None)
        self._finished += len(cohort.members)
        LOG.info("trained %s, %s: %d members", cohort.setting.label, cohort.role, len(cohort.members))
        self._show()

    def spared(self, members: int) -> None:
        """So many members will not be trained: their ladder has ended."""
        self.bar.total = (self.bar.total or 0) - members
        self._show()

    def best(self, members: pd.DataFrame) -> None:
        """Name the current best: the longest lag at which most measured members solve, then the fewest updates."""
        measured = members[members["role"] == "measured"]
        if measured.empty:
            return
        groups = measured.assign(hit=measured["outcome"] == "solved").groupby(["technique", "task", "lag"])
        table = groups.agg(rate=("hit", "mean"), updates=("updates", "mean")).reset_index()
        top = table[table["rate"] >= 0.5].sort_values(["lag", "rate", "updates"], ascending=[False, False, True])
        if not top.empty:
            row = top.iloc[0]
            self.bar.set_postfix_str(
                f"best {row['technique']} on {row['task']} lag {row['lag']}: {row['rate']:.0%}", refresh=False
            )

    def _show(self) -> None:
        self.bar.update(self._finished + sum(self._running.values()) - self.bar.n)
