"""`bptt-bench reproduce`: run what papers report, and compare."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.console import echo, say, show_table, to_json
from bench.cli.options import BudgetOption, JobsOption, JsonOption, StoreOption, TimeoutOption, split
from bench.cli.outcomes import exit_code, tell
from bench.cli.verb import verb

if TYPE_CHECKING:
    from bench.evidence.published import Compared, Published
    from bench.execution import RunSummary

COLOURS = {
    "verdict": {"reproduced": "green", "in part": "cyan", "not reproduced": "red", "not run": "bright_black"},
    "agrees": {"yes": "green", "no": "red"},
}


@verb("Train", 130)
def reproduce(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]…", help="Published results to run, such as R4; by default all.")
    ] = None,
    run: Annotated[
        bool, typer.Option("--run/--no-run", help="Train what is missing, or only compare what is stored.")
    ] = True,
    jobs: JobsOption = None,
    budget: BudgetOption = None,
    timeout: TimeoutOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run what papers report, and compare.

    Each has the paper's numbers, or who solves before whom, and a tolerance that was fixed before the run. What is
    missing is trained; the report shows the same comparison. See 'list published', and 'show R4'."""
    from bench.evidence.published import compare_all, find_result, published_results
    from bench.evidence.scope import Reading
    from bench.tracking import Store

    asked = [find_result(name) for name in split(ids) or ()] or list(published_results())
    summary = _train(asked, store, jobs, budget, timeout) if run else None
    found = compare_all(Reading(Store.open(store, create=False)).arms, asked)
    if summary:
        tell(summary)
    if as_json:
        echo(to_json([as_record(one) for one in found]))
    else:
        show_table([row for one in found for row in _rows(one)], COLOURS)
    counts = {name: sum(one.verdict == name for one in found) for name in COLOURS["verdict"]}
    say(f"{len(found)} published results: {', '.join(f'{n} {name}' for name, n in counts.items() if n)}.")
    if summary and (code := exit_code(summary)):
        raise typer.Exit(code)


def _train(
    asked: "list[Published]", store: str | None, jobs: int | None, budget: float | None, timeout: float | None
) -> "RunSummary":
    """Train what is missing."""
    from bench.cli.published import studies_of
    from bench.execution import Budget, run_studies
    from bench.tracking import Store

    studies = [study for result in asked for study in studies_of(result)]
    limit = Budget(budget) if budget else None
    return run_studies(studies, Store.open(store), jobs, budget=limit, timeout=timeout, costs=False, told=say)


def _rows(found: "Compared") -> list[dict[str, str]]:
    """A row a number and a row a part of the shape; the first has the result's words."""
    from bench.evidence.published import wording
    from bench.languages import language

    english = language("en")
    lines = [
        {
            "what": wording.number(one.number, english), "reported": wording.reported(one.number),
            "ours": wording.ours(one, english), "tolerance": wording.tolerance(one.number, english),
            "agrees": "yes" if one.agrees else "no",
        }
        for one in found.outcomes
    ]  # fmt: skip
    lines += [
        {
            "what": wording.statement(one, english), "reported": "yes", "ours": "yes" if holds else "no",
            "tolerance": "-", "agrees": "yes" if holds else "no",
        }
        for one, holds in found.shape
    ]  # fmt: skip
    lines = lines or [dict.fromkeys(("what", "reported", "ours", "tolerance", "agrees"), "-")]
    first = {"result": found.result.id, "verdict": found.verdict, "says": found.result.title}
    blank = dict.fromkeys(first, "")
    return [(first if not number else blank) | line for number, line in enumerate(lines)]


def as_record(found: "Compared") -> dict[str, Any]:
    """Give a comparison for JSON."""
    return {
        **found.result.model_dump(mode="json", exclude={"numbers", "shape"}),
        "verdict": found.verdict, "numbers_agree": found.numbers_agree, "shape_agrees": found.shape_agrees,
        "minutes_taken": round(found.minutes, 2),
        "numbers": [
            {**one.number.model_dump(mode="json"), "ours": one.ours, "low": one.interval.low,
             "high": one.interval.high, "n": one.n, "agrees": one.agrees}
            for one in found.outcomes
        ],
        "shape": [{**one.model_dump(mode="json", exclude_defaults=True), "holds": holds} for one, holds in found.shape],
    }  # fmt: skip
