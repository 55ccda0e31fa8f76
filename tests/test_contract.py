"""How contracts are looked at."""

import warnings

import pytest

from bench.contract import Fault, first_fault, require
from bench.errors import BenchError


class Subject:
    pass


def complains(cls):
    yield "it is wrong"
    raise AssertionError("only the first complaint counts")


def keeps(cls):
    yield from ()


def raises(error):
    def check(cls):
        raise error
        yield

    return check


def test_the_first_complaint_counts():
    assert first_fault(Subject, {"a": keeps, "b": complains, "c": raises(ValueError())}) == Fault("it is wrong")
    assert first_fault(Subject, {"a": keeps}) is None


class Odd(BaseException):
    pass


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("so\nand so."), "running it ends in ValueError: so and so"),
        (Odd(), "running it ends in Odd"),
        (SystemExit(0), "running it ends in SystemExit: 0"),
        (BenchError("It says so itself."), "It says so itself"),
    ],
)
def test_what_a_users_code_raises_is_a_fault(error, sentence):
    assert first_fault(Subject, {"running it": raises(error)}) == Fault(sentence, error)


def test_an_interrupt_is_none():
    with pytest.raises(KeyboardInterrupt):
        first_fault(Subject, {"running it": raises(KeyboardInterrupt())})


def test_a_warning_is_none():
    def warns(cls):
        warnings.warn("a size is odd", stacklevel=1)
        yield from ()

    assert first_fault(Subject, {"running it": warns}) is None


def test_the_sentence_says_what_and_where():
    with pytest.raises(BenchError, match=r"^The task Subject in .*test_contract\.py cannot be used: it is wrong\.$"):
        require("task", Subject, {"a": complains})
