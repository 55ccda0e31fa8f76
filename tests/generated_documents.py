"""The tables in the documents that follow from the code. `python tests/generated_documents.py` writes them anew."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer

from bench.cli import protocol_options
from bench.records.columns import Table
from bench.records.fields import protocol_fields
from bench.report.render.csv import RUNS, VALUES
from bench.tracking.layout import STORED_MEMBERS

DOCS = Path(__file__).parents[1] / "docs"
EXAMPLES = DOCS.parent / "examples" / "diagnose"
MARKED = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fields() -> str:
    """The protocol's fields with their options."""
    options = dict(zip((field.name for field in protocol_fields()), protocol_options.options().items(), strict=True))
    rows = []
    for field in protocol_fields():
        name, parameter = options[field.name]
        (option,) = (o for o in parameter.annotation.__metadata__ if isinstance(o, typer.models.OptionInfo))
        column = f"`{field.column.name}`" if field.column else ""
        rows.append((f"`{field.name}`", f"`--{name.replace('_', '-')} {option.metavar}`", column, option.help or ""))
    return _table(("field", "option", "column and parameter in MLflow", "what it says"), rows)


def columns(table: Table) -> str:
    """The columns of a table."""
    rows = [(f"`{c.name}`", c.unit, ": ".join(filter(None, [c.about, ", ".join(c.words)]))) for c in table]
    return _table(("column", "unit", "what it says"), rows)


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = tuple(heads)
    lines = [heads, ("---",) * len(heads), *rows]
    escaped = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join("|".join(["", *(f" {cell} " if cell else " " for cell in line), ""]) for line in escaped) + "\n"


def gallery() -> str:
    """The threads that `diagnose` answers, with the verdict of each."""
    heads = ("thread", "what was asked", "verdict", "its reason, in short", "script")
    rows = [
        (
            f"[{one.THREAD}](https://{one.THREAD})" if " " not in one.THREAD else one.THREAD,
            one.__doc__,
            f"`{one.VERDICT}`",
            f"… {one.SAYS} …",
            f"[{one.__name__}](../examples/diagnose/{one.__name__}.py)",
        )
        for one in examples()
    ]
    return _table(heads, rows)


def examples() -> list[Any]:
    """The scripts of the gallery, as modules."""
    found = []
    for file in sorted(EXAMPLES.glob("*.py")):
        spec = importlib.util.spec_from_file_location(file.stem, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found.append(module)
    return found


TABLES = {
    "fields": fields,
    "members": lambda: columns(STORED_MEMBERS),
    "values": lambda: columns(VALUES),
    "gallery": gallery,
    "runs": lambda: columns(RUNS),
}


def written(text: str) -> str:
    """A document with its tables as they follow from the code."""
    return MARKED.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}{found[3]}", text)


if __name__ == "__main__":
    for file in DOCS.glob("*.md"):
        file.write_text(written(file.read_text(encoding="utf-8")), encoding="utf-8")
