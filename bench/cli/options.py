"""Options that verbs share, and the studies that they choose."""

import inspect
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli import own_options, protocol_options
from bench.cli.console import say
from bench.errors import BenchError

if TYPE_CHECKING:
    from bench.own_data import Made
    from bench.protocol.preset import Preset
    from bench.records.study import Study
    from bench.tracking import Store

MATRIX, HOW = "What to train", "How to train"
"""Headings of help."""

StoreOption = Annotated[
    str | None,
    typer.Option("--store", metavar="URI", help="MLflow tracking URI; by default a database under ./mlruns."),
]
PluginOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin",
        metavar="FILE",
        help="Python file with your own techniques, tasks, estimands, sections or executors, or YAML file with claims; "
        "repeatable.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def duration(text: str) -> float:
    """Seconds of '90m', '6h', '1h30m' or '30d'; BenchError for anything else, and for nothing."""
    found = re.fullmatch(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", text.strip())
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0, 0)
    total = 86400 * days + 3600 * hours + 60 * minutes + seconds
    if not total:
        raise BenchError(f"'{text}' is not a duration: write, for example, 90m, 6h, 1h30m or 30d.")
    return float(total)


JobsOption = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        metavar="N",
        min=1,
        max=1024,
        rich_help_panel=HOW,
        help="Settings to train at a time; by default one per core.",
    ),
]  # fmt: skip
BudgetOption = Annotated[
    float | None,
    typer.Option(
        "--budget", metavar="TIME", parser=duration, rich_help_panel=HOW,
        help="Time available for training, such as 90m or 6h; a few seeds of everything are trained first. "
        "Unlimited by default.",
    ),
]  # fmt: skip
TimeoutOption = Annotated[
    float | None,
    typer.Option(
        "--timeout", metavar="TIME", parser=duration, rich_help_panel=HOW,
        help="Time limit, such as 2h, for the runs of a setting that train together; beyond it they count as failed.",
    ),
]  # fmt: skip
RetryOption = Annotated[
    bool, typer.Option("--retry-failed", rich_help_panel=HOW, help="Retry runs that failed before.")
]
ExecutorOption = Annotated[
    str,
    typer.Option(
        "--executor", metavar="NAME", rich_help_panel=HOW,
        help="Where to train: a name from 'list executors', such as ray (docs/cluster.md).",
    ),
]  # fmt: skip
AddressOption = Annotated[
    str | None,
    typer.Option(
        "--address", metavar="HOST:PORT", rich_help_panel=HOW,
        help="Address of the cluster's head. For Ray: RAY_ADDRESS or the cluster of this machine by default; "
        "'local' starts one.",
    ),
]  # fmt: skip
GpusOption = Annotated[
    float | None,
    typer.Option(
        "--gpus-per-cohort", metavar="SHARE", min=0, rich_help_panel=HOW,
        help="Share of a GPU, such as 0.25, for each group of runs that train together on the cluster; "
        "none by default.",
    ),
]  # fmt: skip
WaitOption = Annotated[
    bool,
    typer.Option(
        "--wait/--no-wait", rich_help_panel=HOW, help="Wait while another run uses the store, or exit with 3 at once."
    ),
]
HistoryOption = Annotated[
    bool,
    typer.Option("--history/--no-history", help="At the end, store a sample of speeds and a snapshot for the history."),
]


def load_plugins(files: list[Path] | None) -> None:
    """Register what a user's own files bring: classes, and claims in YAML files or beside the Python files."""
    if files:
        from bench.evidence.claims import is_claims, load_claims
        from bench.evidence.estimands import estimands
        from bench.execution.workforce import executors
        from bench.own_files import reading
        from bench.registry import load_plugin
        from bench.report.sections import sections
        from bench.tasks import tasks
        from bench.techniques import techniques

        for file in (file for file in files if not is_claims(file)):
            folder = file.parent
            with suppress(OSError, ValueError):  # what is no path is refused below
                folder = file.resolve().parent
            with reading(folder) as read:
                load_plugin(file, [techniques, tasks, estimands, sections, executors])
            _say_undeclared(file, folder, read)
        load_claims(files)


def _say_undeclared(plugin: Path, folder: Path, read: set[Path]) -> None:
    """Say which files a plugin read as it was loaded that the hash of its classes does not see."""
    from bench.own_files import undeclared
    from bench.registry import loaded

    names = [str(file.relative_to(folder)) for file in undeclared(loaded(plugin), read)]
    if names:
        say(
            f"Plugin {plugin} reads {', '.join(names)} without declaring it: a change to it is not noticed, and "
            f"nothing is trained again. Add files = ({', '.join(map(repr, names))},) to the class, and read "
            f"self.file({names[0]!r})."
        )


def warn_of_cut_off(store: "Store") -> None:
    """Say how many results are left out because they are not whole."""
    count = store.cut_off()
    if count:
        say(
            f"Left out: {count} incomplete results (still being written, cut off or damaged). "
            "The next run repairs them."
        )


def split(values: list[str] | None) -> list[str] | None:
    """The words of an option that may be repeated and that takes several at once, separated by commas."""
    return values and [part.strip() for value in values for part in value.split(",")]


def _lags(values: list[str] | None) -> list[int] | None:
    try:
        return None if values is None else [int(part) for part in split(values) or ()]
    except ValueError:
        raise BenchError(f"--lag takes whole numbers separated by commas, not '{','.join(values or ())}'.") from None


def _selects(metavar: str, meaning: str) -> Any:
    """An option that says what to train."""
    return typer.Option(metavar=metavar, rich_help_panel=MATRIX, help=meaning)


PresetOption = Annotated[
    str | None,
    _selects("NAME|FILE", "Name of a preset, or YAML file with one; quick by default with --data or --module."),
]
WITH_OWN = "quick"
"""The preset of those who name none and bring data or a module of their own."""
TechniqueOption = Annotated[
    list[str] | None, _selects("NAMES", "Techniques, with dials if you like: 'tanh,tbptt:window=20'.")
]
TaskOption = Annotated[list[str] | None, _selects("NAMES", "Tasks.")]
LagOption = Annotated[list[str] | None, _selects("STEPS", "Lags, in steps that the gradient has to travel back.")]
SeedsOption = Annotated[int | None, _selects("N", "Runs per setting, one per seed.")]
FirstSeedOption = Annotated[int | None, _selects("N", "First of these seeds; 1 unless the preset names another.")]
ArmOption = Annotated[
    list[str] | None,
    _selects(
        "NAMES",
        "Arms of the preset to run: 'main' and its sets under other conditions. "
        "All by default; only main with --technique, --task or --lag.",
    ),
]


def chosen_studies(
    preset: PresetOption = None,
    technique: TechniqueOption = None,
    task: TaskOption = None,
    lag: LagOption = None,
    seeds: SeedsOption = None,
    first_seed: FirstSeedOption = None,
    arm: ArmOption = None,
    plugin: PluginOption = None,
    data: "Made | None" = None,
    modules: Sequence[str] = (),
    **protocol: protocol_options.Given,
) -> "list[Study]":
    """The studies that a preset and its selectors ask for. NAMES, STEPS and the like are separated by commas.

    data: a task made from a file, which joins the preset's; without other tasks it is the only one. modules: names of
    techniques that join those of the preset. protocol: the options of `protocol_options`.
    """
    if preset is None and data is None and not modules:
        raise BenchError("Missing option '--preset': name a preset from 'list presets', such as quick.")
    words = protocol_options.chosen(protocol)
    load_plugins(plugin)
    from bench.containment import aside
    from bench.protocol.preset import Selectors, load_preset, resolve_arms

    found = load_preset(preset or WITH_OWN)
    if modules:
        technique = [*(technique or found.techniques), *modules]
    if data:
        found, task = _with_data(found, data), task or [data.name]
    given = {
        "techniques": split(technique), "tasks": split(task), "lags": _lags(lag), "seeds": seeds,
        "first_seed": first_seed, "protocol": words,
    }  # fmt: skip
    with aside():  # a plugin's classes are asked what they skip, and may have something to say
        return resolve_arms(found, Selectors.model_validate(given), split(arm))


def _with_data(preset: "Preset", data: "Made") -> "Preset":
    """The preset with one task more, at its own lags, and with no more held-out sequences than there are."""
    from bench.protocol.preset import TaskPreset

    words = {"held_out_size": min(data.held_out, preset.protocol.held_out_size)}
    task = TaskPreset(lags=data.lags, protocol=words)
    return preset.model_copy(update={"tasks": {**preset.tasks, data.name: task}})


def with_studies(command: Callable[..., None]) -> Callable[..., None]:
    """Give a verb the options of `chosen_studies`, and the studies that they choose as its first argument."""
    *selecting, plugin, _, _, _ = inspect.signature(chosen_studies).parameters.values()
    choosing = {p.name: p for p in selecting} | protocol_options.options() | {plugin.name: plugin}
    owned, of_modules = own_options.options(), own_options.module_options()
    own = dict(list(inspect.signature(command).parameters.items())[1:])

    def run_command(**options: Any) -> None:
        data = own_options.made({name: options[name] for name in owned})
        made = own_options.made_modules({name: options[name] for name in of_modules})
        plugins = [*([data.plugin] if data else []), *(module.plugin for module in made)]
        if plugins:
            options["plugin"] = [*(options["plugin"] or ()), *plugins]
        names = [module.name for module in made]
        if made and options["reference"] == "run" and not options["technique"]:
            options["preset"], options["technique"] = options["preset"] or WITH_OWN, names
        studies = chosen_studies(data=data, modules=names, **{name: options[name] for name in choosing})
        command(studies, **{name: options[name] for name in own})

    run_command.__name__, run_command.__doc__ = command.__name__, command.__doc__
    run_command.__module__ = command.__module__
    run_command.__signature__ = inspect.Signature(list({**choosing, **of_modules, **owned, **own}.values()))  # type: ignore[attr-defined]
    return run_command
