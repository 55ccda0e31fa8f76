"""Progress of a run, on standard error."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence

import pandas as pd
from tqdm import tqdm

from bench.records.settings import Cohort
from bench.streams import is_terminal

SECONDS_BETWEEN_LINES = 10
"""Pause between two lines in a file; a terminal shows one line that changes."""


LOG = logging.getLogger("bptt-bench")


class _Lines(tqdm):
    """Progress in a file: lines one below the other, where a terminal shows one that is written over."""

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        """Write a line, unless it is what clears the bar."""
        if msg is None:
            self.fp.write(f"{self}\n")
            self.fp.flush()


def _bar(total: int, unit: str, form: str) -> tqdm:
    """A progress bar in this program's manner; none where a log is kept."""
    terminal, logged = is_terminal(sys.stderr), LOG.isEnabledFor(logging.INFO)
    return (tqdm if terminal else _Lines)(
        total=total, disable=not total or logged or sys.stderr is None,
        unit=unit, file=sys.stderr, dynamic_ncols=terminal, leave=terminal, smoothing=0.1,
        mininterval=0.2 if terminal else SECONDS_BETWEEN_LINES, bar_format=form,
    )  # fmt: skip


def cost_line(total: int) -> tqdm:
    """The progress of timing settings, which starts when training has ended."""
    return _bar(total, "setting", "timing {n:.0f}/{total:.0f} settings [{elapsed}<{remaining}]{postfix}")


class ProgressLine:
    """Runs done of all, their rate, the time left, what is being trained, how many solved, and the best so far.

    Where a log is kept it gets a line for each cohort instead.
    """

    def __init__(self, total: int) -> None:
        form = "{percentage:3.0f}% {n:.0f}/{total:.0f} runs [{elapsed}<{remaining}, {rate_fmt}]{postfix}"
        self.bar = _bar(total, "run", form)
        self._finished = 0.0
        self._running: dict[str, tuple[str, float]] = {}
        """Label and members done, of each cohort that trains, by its key; the one heard from last is the last."""
        self._measured = self._solved = 0
        self._best = ""

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.refresh()
        self.bar.close()

    def running(self, cohort: Cohort, updates: int) -> None:
        """Count a cohort's members in part, by the updates that it has done."""
        share = updates / max(1, cohort.setting.protocol.updates)
        label = f"tuning {cohort.setting.label}" if cohort.role == "tuning" else cohort.setting.label
        self._running.pop(cohort.key, None)
        self._running[cohort.key] = label, share * len(cohort.members)
        self._show()

    def finished(self, cohort: Cohort, outcomes: Sequence[str]) -> None:
        """Count a cohort's members, which are done; outcomes: one each."""
        self._running.pop(cohort.key, None)
        self._finished += len(cohort.members)
        solved = list(outcomes).count("solved")
        LOG.info("trained %s, %s: %d runs, %d solved", cohort.setting.label, cohort.role, len(outcomes), solved)
        if cohort.role == "measured":
            self._measured += len(outcomes)
            self._solved += solved
        self._show()

    def spared(self, members: int) -> None:
        """Deduct members whose ladder has ended."""
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
            self._best = f"best {row['technique']} {row['task']} lag {row['lag']}: {row['rate']:.0%}"

    def _show(self) -> None:
        self.bar.set_postfix_str(" | ".join(filter(None, self._words())), refresh=False)
        self.bar.update(self._finished + sum(done for _, done in self._running.values()) - self.bar.n)

    def _words(self) -> Iterator[str]:
        if self._running:
            others = len(self._running) - 1
            latest, _ = list(self._running.values())[-1]
            yield f"{latest} and {others} more" if others else latest
        if self._measured:
            yield f"{self._solved}/{self._measured} solved"
        yield self._best
