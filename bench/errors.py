"""Errors that are the user's to mend: one clear sentence, no traceback."""


class BenchError(Exception):
    """Something the user can put right; the message says what, where and what would be right."""
