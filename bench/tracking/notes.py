"""Descriptions in MLflow: Markdown for people, which a person may edit and this program then leaves alone."""

from __future__ import annotations

import hashlib
import re

TAG = "mlflow.note.content"
"""MLflow's tag of an experiment or a run with its description."""
_SIGNED = re.compile(r"\n\n<!-- bptt-bench ([0-9a-f]{12}) -->\Z")
"""The end of a description that this program wrote, which MLflow does not show: a digest of what stands before.

It is in the description itself, and not in a tag of its own: two machines that write at once leave either text whole.
"""


def signed(text: str) -> str:
    """Return a description with the mark by which `is_ours` knows it."""
    return f"{text}\n\n<!-- bptt-bench {_digest(text)} -->"


def is_ours(written: str | None) -> bool:
    """Return True if a description may be replaced: there is none, or one of ours that nobody has edited.

    An empty one is a person's, who has deleted the text.
    """
    if written is None:
        return True
    mark = _SIGNED.search(written)
    return mark is not None and mark[1] == _digest(written[: mark.start()])


def link(text: str, path: str) -> str:
    """Return a link within MLflow's interface; it holds wherever that is served."""
    return f"[{plain(text)}]({path.replace('(', '%28').replace(')', '%29')})"


def plain(text: str) -> str:
    """Return a text as Markdown that shows it as it is: a plugin may name a technique as it likes."""
    return re.sub(r"([\\`*_{}\[\]<>#|~!])", r"\\\1", re.sub(r"\s+", " ", text))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
