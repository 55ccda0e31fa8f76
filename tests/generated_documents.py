"""The parts of documents that follow from the code, and drawings; `python tests/generated_documents.py` writes them."""

from __future__ import annotations

import importlib.util
import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import typer

from bench.cli import protocol_options
from bench.evidence.published import published_results, wording
from bench.languages import language
from bench.portraits.examples import example
from bench.portraits.stored import FILE, Portraits, as_text, stored
from bench.portraits.unrolled import unrolled
from bench.protocol.preset import parse_technique
from bench.records.columns import Table
from bench.records.fields import protocol_fields
from bench.report.draw.example import example_drawing, spelt
from bench.report.draw.style import as_svg
from bench.report.draw.unrolled import Drawn, left_over, unrolled_drawing
from bench.report.render.csv import RUNS, VALUES
from bench.report.vocabulary import FAMILIES
from bench.tasks import tasks
from bench.tasks.installed import NeedsPackages
from bench.techniques import Technique, techniques
from bench.tracking.layout import STORED_MEMBERS

DOCS = Path(__file__).parents[1] / "docs"
DRAWINGS = DOCS / "drawings"
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


def measured() -> Portraits:
    """Every portrait as the classes give it; of a task whose data are not installed, the stored one."""
    examples = {
        name: stored().tasks[name] if issubclass(cls, NeedsPackages) and cls.missing() else example(cls())
        for name, cls in tasks.all().items()
    }
    networks = {name: unrolled(*parse_technique(name)) for name in techniques.names()}
    return Portraits(tasks=examples, techniques=networks)


def drawings(portraits: Portraits, names: Iterable[str] | None = None) -> Iterator[tuple[Path, str]]:
    """The drawings with these names, or all, as SVG with their files; text is in whatever font the reader has."""
    english = language("en")
    wanted = {*(names or (*portraits.tasks, *portraits.techniques))}
    for name, task in ((name, task) for name, task in portraits.tasks.items() if name in wanted):
        yield DRAWINGS / f"{name}.svg", _fontless(example_drawing(task, english, as_svg))
    baseline = portraits.techniques["tanh"]
    for name, technique in ((name, t) for name, t in portraits.techniques.items() if name in wanted):
        drawn = [Drawn(technique, techniques.get(name).title)]
        yield DRAWINGS / f"{name}.svg", _fontless(unrolled_drawing(drawn, baseline, english, as_svg))


def _fontless(svg: str) -> str:
    """The drawing in no font of its own, to a tenth of a point, which nobody sees and which saves a tenth."""
    short = re.sub(r"\d+\.\d\d\b", lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), svg)
    return re.sub('font-family="[^"]*"', 'font-family="sans-serif"', short) + "\n"


def about_techniques() -> str:
    """Each technique with its drawing, family by family."""
    english, lines = language("en"), []
    by_family: dict[str, list[type[Technique]]] = {family: [] for family in FAMILIES}
    for cls in techniques.all().values():
        by_family.setdefault(cls.family, []).append(cls)
    for family, members in by_family.items():
        lines += [f"## {FAMILIES.get(family, family)}", ""] if members else []
        for cls in members:
            alt = left_over(Drawn(stored().techniques[cls.name], cls.title), english)
            dials = [f"`{name}` = {dial.default:g}{_others(dial.sweep)}" for name, dial in cls.dials.items()]
            lines += [
                f"### {cls.title}: `{cls.name}`", "", f"![{alt}](drawings/{cls.name}.svg)", "", _first(cls), "",
                f"- Changes {cls.changes}.", *([f"- Dials: {'; '.join(dials)}."] if dials else []),
                f"- After {cls.reference}.", "",
            ]  # fmt: skip
    return "\n".join(lines)


def about_tasks() -> str:
    """Each task with an example."""
    lines = []
    for name, cls in tasks.all().items():
        sign = "at least" if cls.higher_is_better else "at most"
        example = stored().tasks[name]
        alt = f"An example of {example.steps} steps, whose last answer is {spelt(example.last_answer)}."
        lines += [
            f"## {cls.title}: `{name}`", "", f"![{alt}](drawings/{name}.svg)", "", cls.about, "",
            f"- The example has lag {example.lag}; the lag is {cls.lag_means}.",
            f"- Solved: {cls.metric_name} {sign} {cls.solved_at:g} on held-out sequences.",
            f"- After {cls.reference}.", "",
        ]  # fmt: skip
    return "\n".join(lines)


def _first(cls: type) -> str:
    """The first paragraph of a class's own documentation, on one line."""
    return " ".join(inspect.cleandoc(cls.__doc__ or "").split("\n\n")[0].split())


def _others(values: tuple[float, ...]) -> str:
    return f" (also {', '.join(f'{value:g}' for value in values)})" if values else ""


def published() -> str:
    """The published results, with what is asked of each."""
    english = language("en")
    rows = []
    for one in published_results():
        asked = [
            f"{wording.number(n, english)}: {wording.reported(n)}, {wording.tolerance(n, english)}" for n in one.numbers
        ]
        asked += [wording.statement(statement, english) for statement in one.shape]
        whose = f"{one.source}, as {one.rerun} found it" if one.rerun else one.source
        rows.append((f"`{one.id}`", one.title, whose, one.protocol, "; ".join(asked), one.deviations.rstrip(".")))
    return _table(
        ("id", "what was found", "source", "the paper's protocol", "what ours has to show", "ours differs"), rows
    )


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
    "published": published,
    "techniques": about_techniques,
    "tasks": about_tasks,
}


def written(text: str) -> str:
    """A document with its tables as they follow from the code."""
    return MARKED.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}{found[3]}", text)


if __name__ == "__main__":
    portraits = measured()
    FILE.write_text(as_text(portraits), encoding="utf-8")
    stored.cache_clear()
    DRAWINGS.mkdir(exist_ok=True)
    files = dict(drawings(portraits))
    for file in {*DRAWINGS.glob("*.svg")} - files.keys():
        file.unlink()
    for file, drawing in files.items():
        file.write_text(drawing, encoding="utf-8")
    for file in DOCS.glob("*.md"):
        file.write_text(written(file.read_text(encoding="utf-8")), encoding="utf-8")
