"""`bptt-bench show`: all about one technique, task, preset, claim or published result."""

import difflib
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.console import Sheet, echo, say, show_sheet, to_json
from bench.cli.options import JsonOption, PluginOption, load_plugins
from bench.cli.verb import verb
from bench.errors import BenchError
from bench.records.spec import Spec

if TYPE_CHECKING:
    from bench.evidence.claims import Claim, Part


@verb("Look around", 20)
def show(
    name: Annotated[str, typer.Argument(help="A name from 'list', such as lstm, adding, quick or S06.")],
    output: Annotated[
        Path | None,
        typer.Option(
            help="Draw a technique or a task into this file, which ends in .svg, .png or .pdf.", metavar="FILE"
        ),
    ] = None,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
) -> None:
    """Describe one technique, task or claim, with a drawing."""
    load_plugins(plugin)
    described = _described(name)
    if output is not None:
        _draw(name, output)
        return
    if as_json:
        echo(to_json(described))
    else:
        show_sheet(described)


def _described(name: str) -> Sheet:
    """The sheet on whatever has this name. Raises BenchError, naming what is near, if nothing has it."""
    from bench.evidence.claims import families
    from bench.evidence.published import published_results

    claims = {claim.id for claims in families().values() for claim in claims}
    if name.upper() in claims:
        return claim(name.upper())
    if name.upper() in {result.id for result in published_results()}:
        return published(name.upper())
    from bench.protocol.preset import preset_names  # and with it torch, which a claim does not need
    from bench.tasks import tasks
    from bench.techniques import techniques

    if name in preset_names():
        return preset(name)
    if Spec.base(name) in techniques.all():
        return technique(name)
    if name in tasks.all():
        return task(name)
    known = [*techniques.names(), *tasks.names(), *preset_names(), *claims]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "see 'list techniques', 'list tasks' and so on."
    raise BenchError(f"Unknown name '{name}': {hint}")


def _draw(name: str, output: Path) -> None:
    """Write the drawing of a technique or a task. Raises BenchError where there is none, or no such format."""
    from bench.evidence.scope import BASELINE
    from bench.files import write_whole
    from bench.languages import language
    from bench.protocol.preset import parse_technique
    from bench.report.draw.example import example_drawing
    from bench.report.draw.shapes import FORMATS, as_file
    from bench.report.draw.unrolled import Drawn, unrolled_drawing
    from bench.tasks import tasks
    from bench.techniques import techniques

    suffix = output.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise BenchError(
            f"Cannot draw into {output}: give a file that ends in {' or '.join(f'.{form}' for form in FORMATS)}."
        )
    english = language("en")
    if Spec.base(name) in techniques.all():
        from bench.portraits.unrolled import unrolled

        _, cls, _ = parsed = parse_technique(name)
        baseline = unrolled(*parse_technique(BASELINE))
        drawn = [Drawn(unrolled(*parsed), cls.title)]
        data = unrolled_drawing(drawn, baseline, english, lambda figure: as_file(figure, suffix))
    elif name in tasks.all():
        from bench.portraits.examples import example

        data = example_drawing(example(tasks.get(name)()), english, lambda figure: as_file(figure, suffix))
    else:
        raise BenchError(f"There is no drawing of {name}: only techniques and tasks have one.")
    write_whole(output, data)
    say(f"Drawn: {output}")


def technique(spec: str) -> Sheet:
    """All about a technique: its equation, its drawing, its dials, and the claims that are about it."""
    from bench.portraits import sketch
    from bench.portraits.unrolled import unrolled
    from bench.protocol.preset import parse_technique

    canonical, cls, dials = parse_technique(spec)
    about = _claims(lambda part: any(_is(spec, cls.name) for spec in part.techniques))
    compared = _claims(lambda part: any(_is(spec, cls.name) for spec in part.references))
    return {
        "technique": [f"{canonical}: {cls.title}"],
        "about": _documentation(cls),
        "changes": [cls.changes],
        "unrolled": sketch.of_technique(unrolled(canonical, cls, dials)),
        "dials": [f"{name} = {value:g}{_others(cls.dials[name].sweep)}" for name, value in dials.items()],
        "family": [cls.family],
        "reference": [cls.reference],
        "claims about it": about,
        "reference of": [claim for claim in compared if claim not in about],
        "train it": [f"bptt-bench run --preset quick --technique tanh,{canonical}"],
    }


def task(name: str) -> Sheet:
    """All about a task: what is asked, an example, when it is solved, and the claims that are about it alone."""
    from bench.portraits import sketch
    from bench.portraits.examples import example
    from bench.protocol.preset import load_preset, preset_names
    from bench.tasks import tasks

    cls = tasks.get(name)
    found = cls()
    presets = {preset: load_preset(preset).tasks.get(name) for preset in preset_names()}
    sign = "at least" if cls.higher_is_better else "at most"
    return {
        "task": [f"{name}: {cls.title}"],
        "about": _documentation(cls),
        "example": sketch.of_task(example(found)),
        "solved": [f"{cls.metric_name} {sign} {cls.solved_at:g} on held-out sequences"],
        "trivial level": [f"{found.trivial_level(found.least_lag):.4g} at the shortest lag, {found.least_lag}"],
        "lags": [f"{preset}: {', '.join(map(str, plan.lags))}" for preset, plan in presets.items() if plan],
        "reference": [cls.reference],
        "claims about it": _claims(lambda part: name in part.tasks),
    }


def preset(name: str) -> Sheet:
    """All about a preset: what it trains, with how many seeds, and its arms."""
    from bench.protocol.preset import load_preset

    found = load_preset(name)
    return {
        "preset": [f"{name}: {found.title['en']}"],
        "about": [found.description["en"]],
        "techniques": [", ".join(found.techniques)],
        "tasks": [f"{task}, lags {', '.join(map(str, plan.lags))}" for task, plan in found.tasks.items()],
        "runs": [f"{found.measured_seeds} per setting, one per seed, from seed {found.first_seed} on"],
        "protocol": [f"{field} {value}" for field, value in found.protocol.model_dump(exclude_none=True).items()],
        "arms": [f"{arm}: {words.title['en']}" for arm, words in found.arms.items()],
        "train it": [f"bptt-bench run --preset {name}"],
        "change it": [f"bptt-bench preset {name} > mine.yaml"],
    }


def claim(name: str) -> Sheet:
    """All about a claim: what the source says, what would have to be measured, and what is."""
    from bench.evidence.claims import find_claim

    found = find_claim(name)
    parts = found.parts
    deciding = [part for part in parts if not part.beside]
    return {
        "claim": [name],
        "says": [found.says],
        "measure": [found.measure],
        "holds if": [_rule(found)] if len(deciding) > 1 else [],
        "parts": [_asked(name, part) for part in deciding],
        "beside it": [_asked(name, part) for part in parts if part.beside],
        "techniques": [", ".join(dict.fromkeys(spec for part in parts for spec in part.techniques))],
        "compared with": [", ".join(dict.fromkeys(spec for part in parts for spec in part.references))],
        "arms": [", ".join(dict.fromkeys(part.arm for part in parts))],
        "verdict": [f"bptt-bench verdicts --claim {name}"],
    }


def _rule(claim: "Claim") -> str:
    """Say how the parts of a claim, or its groups of them, make its verdict."""
    groups = list(dict.fromkeys(part.group for part in claim.parts if part.group))
    rule = {"all": "all of them do", "any": "one of them does"}
    if not groups:
        return rule[claim.combine]
    within = {"all": "all of its parts do", "any": "one of its parts does"}[claim.within]
    return f"{rule[claim.combine]}; of the groups {', '.join(groups)}, one holds if {within}"


def _asked(claim: str, part: "Part") -> str:
    """Say what a part estimates, where, and on which side of its margin it has to be."""
    from bench.evidence import wording
    from bench.languages import language

    english = language("en")
    where = ", ".join([f"arm {part.arm}", *([f"tasks {', '.join(part.tasks)}"] if part.tasks else [])])
    group = f"{part.group}, " if part.group else ""
    what = f"{group}{wording.label(part, english)}: {wording.estimated(claim, part, english)}"
    return f"{what}; {wording.condition(part, english)} ({where})"


def published(name: str) -> Sheet:
    """All about a published result: the paper's protocol and numbers, and what is run here."""
    from bench.evidence.published import find_result, wording
    from bench.languages import language

    found, english = find_result(name), language("en")
    runs = [f"{', '.join(block.techniques)} on {block.task}, lag {', '.join(map(str, block.lags))}; " + ", ".join(
        f"{field} {value}" for field, value in block.protocol.items()) for block in found.ours]  # fmt: skip
    return {
        "published": [name],
        "says": [found.title],
        "source": [found.source],
        "numbers of": [found.rerun],
        "protocol": [found.protocol],
        "ours": [*runs, f"{found.seeds} seeds"],
        "differs in": [found.deviations],
        "numbers": [
            f"{wording.number(one, english)}: {wording.reported(one)}, {wording.tolerance(one, english)}"
            for one in found.numbers
        ],
        "shape": [wording.statement(one, english) for one in found.shape],
        "minutes": [f"{found.minutes:g} on one core"],
        "run it": [f"bptt-bench reproduce {name}"],
    }


def _documentation(cls: type) -> list[str]:
    """The lines of a class's own documentation."""
    return inspect.cleandoc(cls.__doc__ or "").splitlines()


def _others(values: Sequence[float]) -> str:
    return f" (other values worth trying: {', '.join(f'{value:g}' for value in values)})" if values else ""


def _is(spec: str, technique: str) -> bool:
    return Spec.base(spec) == technique


def _claims(concerns: "Callable[[Part], bool]") -> list[str]:
    """The claims with a part that concerns something, each with its words."""
    from bench.evidence.claims import families

    every = (claim for claims in families().values() for claim in claims)
    return [f"{claim.id} {claim.says}" for claim in every if any(concerns(part) for part in claim.parts)]
