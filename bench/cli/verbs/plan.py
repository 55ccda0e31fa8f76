"""`bptt-bench plan`: what a run would train."""

from typing import TYPE_CHECKING

from bench.cli.console import echo, hours, printable, to_json
from bench.cli.options import JobsOption, JsonOption, PluginOption, StoreOption, with_studies
from bench.cli.verb import verb

if TYPE_CHECKING:
    from bench.execution import Plan
    from bench.records.study import Study


@verb("Look around", 40)
@with_studies
def plan(
    studies: "list[Study]",
    jobs: JobsOption = None,
    store: StoreOption = None,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what 'run' would train, and about how long it would take."""
    from bench.execution import make_plan
    from bench.tracking import Store
    from bench.tracking.address import locate

    database = locate(store).database
    nothing_yet = database is not None and not database.exists()
    stored = None if nothing_yet else Store.open(store, create=False).members()
    outlook = make_plan(studies, stored, jobs, [str(file) for file in plugin or ()])
    echo(to_json(outlook.model_dump()) if as_json else "\n".join(map(printable, _lines(outlook))))


def _lines(outlook: "Plan") -> list[str]:
    """A plan in words."""
    missing = outlook.members - outlook.cached
    longest = f"at most about {hours(max(1, outlook.estimated_seconds))}" if missing else "none: everything is trained"
    return [
        f"preset    {outlook.preset}, arms {', '.join(outlook.arms)}",
        f"settings  {outlook.settings}, each a technique on a task at a lag",
        f"runs      at most {outlook.members}, each a training with one seed; {outlook.cached} are already stored",
        f"time      {longest}; a run ends once its task is solved; lags after one that no run solves are skipped",
        *(f"extrapolated: {line}" for line in outlook.extrapolated),
        *(f"skipped: {line}" for line in outlook.skipped),
    ]
