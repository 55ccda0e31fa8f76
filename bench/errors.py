"""Errors that are the user's to mend: one clear sentence, no traceback, no secret. And what exit codes mean."""

import os
import re

FAILED = 1
"""Something failed on the way."""
BAD_INPUT = 2
BUSY = 3
"""Another run holds the store."""
UNFINISHED = 4
"""The budget of time is spent, and there is work left."""

_SECRET = re.compile("TOKEN|PASSWORD|PASSWD|SECRET|CREDENTIAL", re.IGNORECASE)
"""Environment variables so named hold what no message may show."""
_SHORTEST = 4
"""Characters: what is shorter is no secret, and would be found in any text."""


class BenchError(Exception):
    """Something the user can put right; the message says what, where and what would be right."""

    exit_code = BAD_INPUT


class BusyError(BenchError):
    """Another process holds the store."""

    exit_code = BUSY


def without_secrets(text: str) -> str:
    """`text` without the user, password and query of every address in it, and without secrets of the environment."""
    text = re.sub(r"(\w://)\S*@", r"\1***@", text)
    text = re.sub(r"(\w://[^\s?]*\?)\S*", r"\1***", text)
    secrets = {value.strip() for name, value in os.environ.items() if _SECRET.search(name)}
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, "***")
    return text


def brief(error: Exception) -> str:
    """Put an error on one short line that holds no password."""
    said = str(error).split("(Background on this error")[0]  # SQLAlchemy's advertisement of its manual
    return " ".join(without_secrets(said).split())[:300].rstrip(".")
