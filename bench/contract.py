"""Checks a contract part by part and says in one sentence which part a class breaks first."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from bench.errors import BenchError

Checks = Mapping[str, Callable[[Any], Iterator[str]]]
"""Parts of a contract by what is done to look at them; each gives the complaints about a class, worst first.

A part may rest on those before it: only the first complaint counts.
"""


class Fault(NamedTuple):
    """A breach of a contract."""

    sentence: str
    """The sentence that says what is wrong and what would be right, without a full stop."""
    cause: BaseException | None = None
    """The exception that the class's own code raised, if it raised one."""


def first_fault(cls: type, checks: Checks) -> Fault | None:
    """Return the first breach of the contract, in this order, or None. Anything that a check raises is a breach."""
    for doing, check in checks.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                complaint = next(check(cls), None)
            fault = None if complaint is None else Fault(complaint)
        except KeyboardInterrupt:
            raise
        except BenchError as error:
            fault = Fault(str(error).rstrip("."), error)
        except BaseException as error:  # a user's code may raise whatever it likes, SystemExit included
            fault = Fault(
                f"{doing} ends in {type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ."), error
            )
        if fault:
            return fault
    return None


def require(kind: str, cls: type, checks: Checks) -> None:
    """Raise BenchError, saying what would be right, unless a class of a user's own keeps this much of its contract."""
    fault = first_fault(cls, checks)
    if fault:
        where = f"The {kind} {cls.__name__} in {inspect.getfile(cls)}"
        raise BenchError(f"{where} cannot be used: {fault.sentence}.") from fault.cause


def missing_words(cls: type, words: tuple[str, ...]) -> Iterator[str]:
    """A complaint if the class lacks some of these attributes, each a line of text."""
    lacking = [word for word in words if not _is_text(getattr(cls, word, None))]
    if lacking:
        example = f'{lacking[0]} = "…"'
        yield f"it has no attribute{'s' * (len(lacking) > 1)} {', '.join(lacking)}: add {example} to the class"


def not_text(cls: type, words: tuple[str, ...]) -> Iterator[str]:
    """A complaint if the class gives something else than text for one of these attributes, which it may leave out."""
    for word in words:
        value = getattr(cls, word, "")
        if not isinstance(value, str):
            yield f"its {word} is {value!r}: write text, or leave it out"


def misspelt_name(cls: type) -> Iterator[str]:
    """A complaint if the command line would have to quote the name."""
    name = getattr(cls, "name", "")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        yield f"the name '{name}' must consist of lower-case letters, digits and hyphens, for the command line"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
