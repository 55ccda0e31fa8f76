"""The work of a process of its own: one cohort, or one measurement of costs."""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Sequence

from pytorch_lightning.utilities.exceptions import SIGTERMException

from bench.containment import changes_of_numbers, numbers, settled
from bench.errors import BenchError
from bench.execution.messages import Clocked, Died, Measured, News, Outlet, Progress, Refused, Result, Timed
from bench.execution.needs import changed
from bench.records.settings import Cohort, Setting
from bench.registry import load_plugin
from bench.streams import settle_worker
from bench.tasks import tasks
from bench.techniques import techniques
from bench.training.cohort import failed_cohort, prepare_process, train_cohort
from bench.training.cost import BASELINE, measure_cost, time_cost
from bench.training.pace import measure_pace
from bench.training.speed import sample_speed

_SHORT_OF_MEMORY = re.compile("(?:can't|cannot) allocate memory|out of memory|bad_alloc", re.IGNORECASE)
"""Messages of torch and C++ for lack of memory; they raise no MemoryError."""
_RESERVE = 16_000_000
"""Bytes that are put aside, to say with that there are no more; they take address space only until then."""


def train(connection: Outlet, plugins: Sequence[str], cohort: Cohort) -> None:
    """Train a cohort; send Progress as it goes, and the Result with its CohortResult.

    An error is a result too: every member failed, and why; where memory ran out it is Died. What would train under a
    wrong name is Refused.
    """
    if _refuses(connection, plugins, [cohort.setting]):
        return
    before, reserve = numbers(), bytearray(_RESERVE)
    try:
        result = train_cohort(cohort, lambda done, active: connection.send(Progress(done, active)))
        if changes := changes_of_numbers(before):
            result = failed_cohort(cohort, f"it changes {' and '.join(changes)} for its whole process")
        connection.send(Result(result))
    except BrokenPipeError:  # nobody is left to hear
        raise
    except SIGTERMException:  # Lightning stops neatly and would end with 0: end as what we are, terminated
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
        raise
    except BaseException as error:  # whatever a technique or task may raise, also to end the program
        del reserve
        connection.send(_failed(cohort, error))


def _failed(cohort: Cohort, error: BaseException) -> Result | Died:
    """Turn an error into a cohort's result. Where memory is short no tables are made, for they need some."""
    said = _said(error)
    if isinstance(error, MemoryError) or _SHORT_OF_MEMORY.search(said):
        _let_go_of(error)
        return Died(f"it ran out of memory; use fewer --jobs, smaller batches or smaller networks ({said})")
    return Result(failed_cohort(cohort, said))


def _let_go_of(error: BaseException | None) -> None:
    """Free what the functions that an error has ended still hold."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__context__
    gc.collect()


def _said(error: BaseException) -> str:
    """The kind and the words of an error. Lightning turns a KeyboardInterrupt into an exit, which hides it."""
    cause = error.__context__ if isinstance(error, SystemExit) else None
    raised = cause if isinstance(cause, KeyboardInterrupt) else error
    return f"{type(raised).__name__}: {raised}".rstrip(": ")


def measure(connection: Outlet, plugins: Sequence[str], settings: Sequence[Setting]) -> None:
    """Measure the cost of each setting against the baseline's; send a Measured each, then the Result."""

    _each(connection, plugins, settings, lambda setting: Measured(measure_cost(setting, _baseline(setting))))


def clock(connection: Outlet, plugins: Sequence[str], settings: Sequence[Setting]) -> None:
    """Time each setting beside the baseline once more, in this process; send a Clocked each, then the Result."""
    _each(connection, plugins, settings, lambda setting: Clocked(time_cost(setting, _baseline(setting))))


def _baseline(setting: Setting) -> Setting:
    """Return the baseline at the same task and lag."""
    return setting.model_copy(update={"technique": BASELINE, "dials": {}})


def sample(connection: Outlet, plugins: Sequence[str], settings: Sequence[Setting]) -> None:
    """Sample the speed of each setting that runs at all; send a Measured each, then the Result."""
    _each(connection, plugins, settings, lambda setting: Measured(sample_speed(setting)))


def time_updates(connection: Outlet, plugins: Sequence[str], settings: Sequence[Setting]) -> None:
    """Send a Timed for each setting that runs at all, then the Result."""
    _each(connection, plugins, settings, lambda setting: Timed(settings.index(setting), measure_pace(setting)))


def _each(
    connection: Outlet, plugins: Sequence[str], settings: Sequence[Setting], found: Callable[[Setting], News]
) -> None:
    """Send what is found of each setting that runs at all; none works under switches that another has left."""
    if _refuses(connection, plugins, settings):
        return
    for setting in settings:
        try:
            with settled():
                news = found(setting)
        except BaseException:  # one that cannot run has failed in training, which reports it
            continue
        connection.send(news)
    connection.send(Result(None))


def _refuses(connection: Outlet, plugins: Sequence[str], settings: Sequence[Setting]) -> bool:
    """Settle the process and load the plugins; whether it cannot do the work as it was planned, which is then said."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    settle_worker()
    sys.dont_write_bytecode = True  # Python knows a changed file by its second and its size
    prepare_process()
    try:
        for path in plugins:
            load_plugin(path, [tasks, techniques])
        problem = next(filter(None, map(changed, settings)), "")
    except BenchError as error:
        problem = str(error).rstrip(".")
    if problem:
        connection.send(Refused(problem))
    return bool(problem)
