"""The tables in the documents that follow from the code. `python tests/generated_documents.py` writes them anew."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import typer

from bench.cli import protocol_options
from bench.records.columns import Table
from bench.records.fields import protocol_fields
from bench.report.render.csv import RUNS, VALUES
from bench.tracking.layout import STORED_MEMBERS

DOCS = Path(__file__).parents[1] / "docs"
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


TABLES = {
    "fields": fields,
    "members": lambda: columns(STORED_MEMBERS),
    "values": lambda: columns(VALUES),
    "runs": lambda: columns(RUNS),
}


def written(text: str) -> str:
    """A document with its tables as they follow from the code."""
    return MARKED.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}{found[3]}", text)


if __name__ == "__main__":
    for file in DOCS.glob("*.md"):
        file.write_text(written(file.read_text(encoding="utf-8")), encoding="utf-8")
