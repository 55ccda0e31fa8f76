"""Errors that are the user's to mend: one clear sentence, no traceback. And what exit codes mean."""

FAILED = 1
"""Something failed on the way."""
BAD_INPUT = 2
BUSY = 3
"""Another run holds the store."""
UNFINISHED = 4
"""The budget of time is spent, and there is work left."""


class BenchError(Exception):
    """Something the user can put right; the message says what, where and what would be right."""

    exit_code = BAD_INPUT


class BusyError(BenchError):
    """Another process holds the store."""

    exit_code = BUSY
