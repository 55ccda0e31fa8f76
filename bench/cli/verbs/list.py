"""`bptt-bench list`: what there is to choose from."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import typer

from bench.cli.console import echo, show_table, to_json
from bench.cli.options import JsonOption, PluginOption, load_plugins
from bench.cli.verb import verb

Records = list[dict[str, Any]]


@verb("Look around", 10)
def list_(
    kind: Annotated[
        Literal["techniques", "tasks", "presets", "claims", "published", "executors"],
        typer.Argument(metavar="techniques|tasks|presets|claims|published|executors", help="What to list."),
    ],
    plugin: PluginOption = None,
    language: Annotated[Literal["en", "zh"], typer.Option(help="Language of presets and claims.")] = "en",
    as_json: JsonOption = False,
) -> None:
    """List what there is of techniques, tasks, presets and so on."""
    load_plugins(plugin)
    records = RECORDS[kind]()
    if as_json:
        echo(to_json(records))
    else:
        show_table([_in(language, record) for record in records])


def _in(language: str, record: dict[str, Any]) -> dict[str, Any]:
    """A record for people: of what is there in several languages, one."""
    others = {"en", "zh"} - {language}
    return {("says" if key == language else key): value for key, value in record.items() if key not in others}


def techniques() -> Records:
    """Describe every technique in its own words."""
    from bench.techniques import techniques as registry

    fields = ("name", "title", "family", "source_row", "changes", "reference")
    return [{field: getattr(cls, field) for field in fields} for cls in registry.all().values()]


def tasks() -> Records:
    """Describe every task in its own words."""
    from bench.tasks import tasks as registry

    fields = ("name", "title", "least_lag", "metric_name", "solved_at", "higher_is_better", "reference")
    return [{field: getattr(cls, field) for field in fields} for cls in registry.all().values()]


def presets() -> Records:
    """Every preset by name, with its title by language and its size: the seeds of a setting, and counts of the rest."""
    from bench.protocol.preset import load_preset, preset_names

    records = []
    for preset in map(load_preset, preset_names()):
        sizes = {"seeds": preset.measured_seeds, "techniques": len(preset.techniques), "tasks": len(preset.tasks)}
        records.append({"name": preset.name, **preset.title, **sizes, "arms": ", ".join(["main", *preset.arms])})
    return records


def claims() -> Records:
    """Every claim by id, the source's first, with its text by language."""
    from bench.evidence.claims import families
    from bench.languages import language, language_names

    known = [language(code) for code in language_names()]
    every = (claim for claims in families().values() for claim in claims)
    return [{"id": claim.id, **{say.code: say(claim.says) for say in known}} for claim in every]


def published() -> Records:
    """Every published result by id, with its title, its source, and the minutes that running it takes on one core."""
    from bench.evidence.published import published_results

    return [{"id": r.id, "title": r.title, "source": r.source, "minutes": r.minutes} for r in published_results()]


def executors() -> Records:
    """Every executor by name, with its title."""
    from bench.execution.workforce import executors as registry

    return [{"name": cls.name, "title": cls.title} for cls in registry.all().values()]


RECORDS: dict[str, Callable[[], Records]] = {
    "techniques": techniques, "tasks": tasks, "presets": presets, "claims": claims, "published": published,
    "executors": executors,
}  # fmt: skip
