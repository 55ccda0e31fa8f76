"""`bptt-bench rank`: where a module of one's own stands among all techniques."""

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.console import echo, say
from bench.cli.options import (
    WITH_OWN,
    BudgetOption,
    JobsOption,
    LagOption,
    SeedsOption,
    StoreOption,
    TaskOption,
    TechniqueOption,
    TimeoutOption,
    chosen_studies,
    split,
)
from bench.cli.outcomes import exit_code, tell
from bench.cli.verb import verb


@verb("Train", 140)
def rank(
    module: Annotated[str, typer.Argument(metavar="FILE.py:CLASS", help="Your torch.nn.Module: docs/own-module.md.")],
    preset: Annotated[str, typer.Option(metavar="NAME|FILE", help="Preset whose tasks it is trained on.")] = WITH_OWN,
    technique: TechniqueOption = None,
    task: TaskOption = None,
    lag: LagOption = None,
    seeds: SeedsOption = None,
    jobs: JobsOption = None,
    budget: BudgetOption = None,
    timeout: TimeoutOption = None,
    store: StoreOption = None,
    language: Annotated[
        list[str] | None, typer.Option(metavar="CODES", help="Languages, such as en,zh; all by default.")
    ] = None,
    form: Annotated[
        list[str] | None, typer.Option("--format", metavar="FORMATS", help="Formats: html,pdf by default; or md.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder to write to; by default reports/<date and time>.")
    ] = None,
) -> None:
    """Rank your own module among all techniques, on two pages.

    It is trained on a preset's tasks, with those of the preset's techniques that the store lacks. The pages say
    where it stands, with intervals, its price and its gradient; a LaTeX table, a paragraph on the method and BibTeX
    lie beside them."""
    from bench.execution import Budget, run_studies
    from bench.languages import language_names
    from bench.own_module import make_module
    from bench.report import USUAL
    from bench.report.archive import new_folder
    from bench.report.findings import gather
    from bench.report.standing import write_standing
    from bench.tracking import Store

    made = make_module(module)
    for line in made.says:
        say(line)
    studies = chosen_studies(
        preset, technique, task, lag, seeds, arm=["main"], plugin=[made.plugin], modules=[made.name]
    )
    limit = Budget(budget) if budget else None
    summary = run_studies(studies, Store.open(store), jobs, [str(made.plugin)], budget=limit, timeout=timeout, told=say)
    tell(summary)
    findings = gather(Store.open(store, create=False))
    tasks = [plan.task for study in studies for plan in study.tasks]
    folder = output or new_folder(Path("reports"))
    codes = split(language) or language_names()
    for file in write_standing(findings, made.name, tasks, folder, codes, split(form) or USUAL):
        if file.parent == folder:
            echo(file)
    if code := exit_code(summary):
        raise typer.Exit(code)
