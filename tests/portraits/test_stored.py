"""The portraits that come with the program, and the drawings in docs/, are what the classes give."""

from __future__ import annotations

import re

import generated_documents
import pytest

from bench.portraits.stored import FILE, as_text, stored
from bench.tasks import tasks
from bench.techniques import techniques

AGAIN = "run python tests/generated_documents.py"
FEW = ("lstm", "tbptt", "transformer", "residual-depth", "adding", "copy", "digits", "laser")
"""Drawings that are made again: each kind of picture once, for all of them take half a minute."""
NUMBER = r"-?\d+\.?\d*(?:e-?\d+)?"


def test_every_class_has_its_portrait() -> None:
    """Numbers may differ in their last digit from one machine to another."""
    now = generated_documents.measured()
    for before, after in ((stored().tasks, now.tasks), (stored().techniques, now.techniques)):
        assert before.keys() == after.keys(), AGAIN
        for name in before:
            old, new = before[name].model_dump_json(), after[name].model_dump_json()
            assert re.sub(NUMBER, "0", old) == re.sub(NUMBER, "0", new), f"{name}: {AGAIN}"
            numbers = [[float(number) for number in re.findall(NUMBER, text)] for text in (old, new)]
            assert numbers[0] == pytest.approx(numbers[1], rel=0.011, abs=0.011), f"{name}: {AGAIN}"
    assert set(stored().tasks) == set(tasks.names())
    assert set(stored().techniques) == set(techniques.names())


def test_the_file_is_small_and_has_a_portrait_a_line() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert len(text) < 300_000
    assert text == as_text(stored())


def test_the_documents_have_a_small_drawing_of_everything() -> None:
    files = list(generated_documents.DRAWINGS.glob("*"))
    assert {file.stem for file in files} == {*tasks.names(), *techniques.names()}, AGAIN
    assert sum(file.stat().st_size for file in files) < 1_000_000


@pytest.mark.parametrize("name", FEW)
def test_drawings_are_those_of_the_portraits(name: str) -> None:
    """But for where text stands, which depends on the fonts of a machine."""
    made = {file.stem: drawing for file, drawing in generated_documents.drawings(stored(), [name])}
    there = (generated_documents.DRAWINGS / f"{name}.svg").read_text(encoding="utf-8")
    assert without_places(made[name]) == without_places(there), AGAIN


def without_places(svg: str) -> str:
    return re.sub(r"<text [^>]*>", "<text>", svg)
