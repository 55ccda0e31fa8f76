"""Errors that are the user's to mend: one clear sentence, no traceback, no secret."""

import os
import re

_SECRET = re.compile("TOKEN|PASSWORD|PASSWD|SECRET|CREDENTIAL", re.IGNORECASE)
"""Environment variables so named hold what no message may show."""
_SHORTEST = 4
"""Characters: what is shorter is no secret, and would be found in any text."""


class BenchError(Exception):
    """Something the user can put right; the message says what, where and what would be right."""


def without_secrets(text: str) -> str:
    """`text` without the user, password and query of every address in it, and without secrets of the environment."""
    text = re.sub(r"(\w://)\S*@", r"\1***@", text)
    text = re.sub(r"(\w://[^\s?]*\?)\S*", r"\1***", text)
    secrets = {value.strip() for name, value in os.environ.items() if _SECRET.search(name)}
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, "***")
    return text
