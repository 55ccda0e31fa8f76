"""`bptt-bench rank`: where a module of one's own stands among all techniques."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.console import columns, echo, say
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
from bench.cli.verb import verb
from bench.errors import FAILED, UNFINISHED

if TYPE_CHECKING:
    from bench.records.study import Study


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
    code = _train(studies, store, jobs, budget, timeout, str(made.plugin))
    findings = gather(Store.open(store, create=False))
    tasks = [plan.task for study in studies for plan in study.tasks]
    folder = output or new_folder(Path("reports"))
    codes = split(language) or language_names()
    for file in write_standing(findings, made.name, tasks, folder, codes, split(form) or USUAL):
        if file.parent == folder:
            echo(file)
    if code:
        raise typer.Exit(code)


def _train(
    studies: "list[Study]",
    store: str | None,
    jobs: int | None,
    budget: float | None,
    timeout: float | None,
    plugin: str,
) -> int:
    """Train what is missing; the exit code of a run that failed, or of one that the budget cut short."""
    from bench.execution import Budget, account, run_studies
    from bench.tracking import Store

    limit = Budget(budget) if budget else None
    summary = run_studies(studies, Store.open(store), jobs, [plugin], budget=limit, timeout=timeout, told=say)
    say(account(summary))
    if summary.failures:
        say(f"\nFailed:\n{columns(summary.failures)}")
    if summary.trouble:
        say(summary.trouble)
    if summary.interrupted:
        raise KeyboardInterrupt
    return FAILED if summary.failures or summary.trouble else UNFINISHED if summary.left else 0
