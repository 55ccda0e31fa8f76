"""Docstrings of the package begin with whole sentences or with names, not with fragments."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import bench

PACKAGE = Path(bench.__file__).parent
ROOT = Path(__file__).parents[1]
FRAGMENTS = {
    "Of", "As", "What", "Whether", "How", "In", "By", "For", "At", "With", "Within", "Where", "When", "Which", "Who",
    "That", "Why", "From", "Whose", "Those", "So", "Is", "Are", "Does",
}  # fmt: skip
"""Words that begin a clause or a phrase, and so no docstring."""
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and text of each docstring, also of those after attributes."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for place, statement in enumerate(body if isinstance(body, list) else ()):
            owned = isinstance(body[place - 1], ast.Assign | ast.AnnAssign) if place else isinstance(node, DOCUMENTED)
            match statement:
                case ast.Expr(ast.Constant(str() as text)) if owned:
                    yield statement.lineno, text


def fragments(source: str) -> list[str]:
    """'12: What it does', for each docstring that begins with a fragment."""
    found = [(line, text.split()) for line, text in docstrings(ast.parse(source))]
    return [f"{line}: {' '.join(words[:8])}" for line, words in found if words and words[0].strip("`.,:;") in FRAGMENTS]


def test_no_docstring_begins_with_a_fragment() -> None:
    files = PACKAGE.rglob("*.py")
    found = {file.relative_to(PACKAGE).as_posix(): fragments(file.read_text(encoding="utf-8")) for file in files}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "docs"])
def test_examples_in_documents_keep_to_it(document: str) -> None:
    place = ROOT / document
    texts = [file.read_text(encoding="utf-8") for file in (place.glob("*.md") if place.is_dir() else [place])]
    examples = [example for text in texts for example in re.findall(r"```python\n(.*?)```", text, re.DOTALL)]
    assert examples
    assert [line for example in examples for line in fragments(example)] == []


@pytest.mark.parametrize(
    "source",
    [
        '"""What it does."""',
        'class A:\n    """How it is."""',
        'async def f():\n    """Whether it is."""',
        'X = 1\n"""Of something."""',
        'class A:\n    x: int\n    """In steps."""',
        'def f(self):\n    self.x = 1\n    """Why."""',
    ],
)
def test_fragments_are_found(source: str) -> None:
    assert len(fragments(source)) == 1


def test_whole_sentences_and_other_strings_are_left_alone() -> None:
    assert fragments('"""Format it."""\nX = 1\n"""Whatever is left."""\nprint("What")\nif X:\n    "How"\n') == []
