"""The arrows between the rooms go one way: docs/design.md says which, and the imports obey."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import bench

PACKAGE = Path(bench.__file__).parent
DESIGN = Path(__file__).parents[1] / "docs" / "design.md"
OPEN_TO_ALL = {
    "batch", "collector", "containment", "contract", "errors", "files", "interpreters", "locks", "own_files",
    "plain_yaml", "registry", "streams", "waiting",
}  # fmt: skip


def allowed_arrows() -> dict[str, set[str]]:
    """Room → rooms that it may import, read from the table in docs/design.md."""
    table = DESIGN.read_text(encoding="utf-8").split("| room | knows | may import |")[1].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in table.splitlines()[2:]]
    return {
        row[0].strip("`"): {r.strip() for r in row[2].split(",") if r.strip()} if len(row) > 2 else set()
        for row in rows
    }


def rooms_imported(source: str) -> set[str]:
    """Rooms of `bench` that a module imports, wherever in it."""
    return {name.split(".")[1] for name in _modules_imported(source) if name.startswith("bench.")}


def _modules_imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute here, so that arrows can be read"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files() -> Iterator[tuple[str, Path]]:
    """Every module of the package and its room."""
    for file in sorted(PACKAGE.rglob("*.py")):
        room = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room != "__init__" and room not in OPEN_TO_ALL:
            yield room, file


@pytest.mark.parametrize(("room", "file"), [pytest.param(r, f, id=str(f.relative_to(PACKAGE))) for r, f in files()])
def test_arrows_go_one_way(room: str, file: Path) -> None:
    backward = rooms_imported(file.read_text(encoding="utf-8")) - OPEN_TO_ALL - {room} - allowed_arrows()[room]
    assert not backward, f"{room} may not import {', '.join(sorted(backward))}: see the table in docs/design.md"


def test_the_table_names_every_room_and_no_other() -> None:
    assert set(allowed_arrows()) == {room for room, _ in files()}


def test_the_table_has_no_circle() -> None:
    """Taking rooms that import nothing that is left, again and again, empties the table."""
    left = allowed_arrows()
    assert {"tasks", "engine", "cli"} <= set(left)
    while free := {room for room, may in left.items() if not may & set(left)}:
        left = {room: may for room, may in left.items() if room not in free}
    assert not left


BACKWARD = """
import bench
from bench import tracking
def late():
    import bench.report.pdf
    from bench.cli import main
"""


def test_a_backward_arrow_is_seen() -> None:
    assert rooms_imported(BACKWARD) == {"tracking", "report", "cli"}
