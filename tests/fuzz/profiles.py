"""How many examples a fuzz test tries: a few, always the same; with FUZZ=50 in the environment fifty times as many."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

TIMES = int(os.environ.get("FUZZ", "1"))
SECONDS = 180.0
"""What takes longer hangs: the slowest example takes seconds, on a busy machine too."""


def examples(count: int, shrink: bool = True) -> Callable:
    """Settings for a test that tries so many examples, or TIMES as many and new ones every time.

    shrink: whether to look for a smaller example once one fails, which takes hundreds more.
    """
    return settings(
        phases=[phase for phase in Phase if shrink or phase not in (Phase.shrink, Phase.explain)],
        max_examples=count * TIMES,
        derandomize=TIMES == 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


class Hang(BaseException):
    """Something took too long. It is no Exception, which a library may catch and report as something else."""


@contextmanager
def no_hang() -> Iterator[None]:
    """Ends what takes longer than SECONDS with a Hang."""

    def ring(*_: object) -> None:
        raise Hang(f"more than {SECONDS:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


_WEIRD = (
    *("", " ", "\0", "\n", "\r\n", "\x1b[2J"),
    *("\u202e", "\ud800", "é漢字🙂", "../../etc/passwd", "/", "~", "~nobody-here"),
    *("-", "--", "<script>alert(1)</script>", "$\\frac{1}{0}$", "{}"),
    *("{0}", "%s", "%00", "'; DROP TABLE runs; --", "a,b"),
    *("a:b=c", "nan", "inf", "-inf", "1e400", "9" * 30, "9" * 5000, "-1", "0", "1.5", "true", "null", "x" * 5000),
)  # fmt: skip
WEIRD_TEXTS = st.sampled_from(_WEIRD)
TEXTS = st.one_of(WEIRD_TEXTS, st.text(max_size=40))
WEIRD_NUMBERS = st.sampled_from([0, 1, -1, 2, 1000, 2**31, 2**63 - 1, 2**63, 10**30, -(10**30)])
FLOATS = st.one_of(st.sampled_from([0.0, 1e-320, 1e308, float("nan"), float("inf"), float("-inf")]), st.floats())
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), WEIRD_NUMBERS, st.integers(), FLOATS, TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(TEXTS, WEIRD_NUMBERS), inner, max_size=3)
    ),
    max_leaves=5,
)
