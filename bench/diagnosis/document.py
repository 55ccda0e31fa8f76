"""A diagnosis as a document of the report's kind, and as files."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import NullLocator

from bench.diagnosis.findings import Diagnosis, Remedy, Stage, Verdict
from bench.errors import BenchError
from bench.files import as_json, write_whole
from bench.languages import Language, language, language_names, words
from bench.report.document import (
    Block,
    Break,
    Column,
    Document,
    Figure,
    Group,
    Heading,
    Row,
    Section,
    Styled,
    Table,
    Terms,
    Text,
)  # fmt: skip
from bench.report.draw.style import LINES, MUTED, RULE, WIDTH, Picture, house_style, picture
from bench.report.render import formats
from bench.report.render.beside import Beside, homes, others, page_name
from bench.report.render.numbering import Numbering

HEIGHT = 2.4
"""Inches."""
FORMATS = ("html", "pdf")

VERDICTS: dict[Verdict, str] = {
    "wiring": words("wired wrongly"),
    "trivial": words("trivial"),
    "cut": words("cut"),
    "vanishes": words("vanishes"),
    "explodes": words("explodes"),
    "reached, not used": words("reached, not used"),
    "memory not needed": words("memory not needed"),
    "healthy": words("healthy"),
    "cannot tell": words("cannot tell"),
}
STAGES: dict[Stage, str] = {
    "wiring": words("Wiring"),
    "trivial": words("Simple predictors"),
    "cut": words("Cut"),
    "flow": words("Gradient over time"),
    "use": words("Use of the past"),
    "ladder": words("Rising lags"),
    "try": words("Remedies on trial"),
}


def document(found: Diagnosis, model: str, words: Language) -> Document:
    """The document of a diagnosis. model: what the user calls it."""
    sections = [Section("verdict", words("Verdict"), tuple(_verdict(found, words)))]
    if found.findings:
        sections.append(Section("stages", words("Stage by stage"), (_stages(found, words),)))
    if drawn := profile(found, words):
        caption = words("Norm of the loss's gradient by steps back in time, over that at the scored step.")
        sections.append(Section("gradient", words("The gradient over time"), (Figure(drawn, caption, "profile"),)))
    if found.remedies:
        blocks = tuple(block for remedy in found.remedies for block in _remedy(remedy, words))
        sections.append(Section("remedies", words("What to try"), blocks))
    return Document(
        title=words("Why does it not learn?"),
        subtitle=words("A diagnosis of {model}", model=model),
        kind=words("Diagnosis"),
        facts=((words("Verdict"), words(VERDICTS[found.verdict])),),
        sections=tuple(sections),
        keywords=words("recurrent neural networks, vanishing gradients, back-propagation through time, benchmark"),
    )


def _verdict(found: Diagnosis, words: Language) -> Iterator[Block]:
    yield Text((Styled(words(VERDICTS[found.verdict]), "emphasis"), words.rules.colon, words(found.message)), "lead")
    terms = tuple(_numbers(found, words))
    if terms:
        yield Terms(terms, "facts")


def _numbers(found: Diagnosis, words: Language) -> Iterator[tuple[str, str]]:
    if not math.isnan(found.decay):
        yield (
            words("Decay, nats a step"),
            words(
                "{rate} (95 % interval {low} to {high})",
                rate=f"{found.decay:+.3f}", low=f"{found.decay_low:+.3f}", high=f"{found.decay_high:+.3f}",
            ),
        )  # fmt: skip
        yield words("Half-life, steps"), f"{found.half_life:.1f}" if math.isfinite(found.half_life) else "∞"
    for name, value in (
        (words("Reach, steps"), found.reach),
        (words("Cut after, steps"), found.cut_at),
        (words("Used, steps"), found.horizon_used),
    ):
        if value is not None:
            yield name, str(value)
    if found.clip:
        yield words("Median norm of the whole gradient"), f"{found.clip['median']:.3g}"


def _stages(found: Diagnosis, words: Language) -> Table:
    rows = tuple(
        Row((words(STAGES[one.stage]), words(VERDICTS[one.verdict]), words(one.message))) for one in found.findings
    )
    columns = (Column(words("stage")), Column(words("verdict")), Column(words("reason")))
    return Table(columns, (Group(rows),), words("What each stage found"), "stages")


def _remedy(remedy: Remedy, words: Language) -> Iterator[Block]:
    yield Heading(remedy.technique, plain=True)
    yield Text((words(remedy.message), " ", words("Evidence: {basis}.", basis=words(remedy.basis))))
    lines = [part for line in remedy.code.splitlines() for part in (Break(), Styled(line, "code"))]
    yield Text(tuple(lines[1:]))


def profile(found: Diagnosis, words: Language) -> Picture | None:
    """The figure of the gradient's norm by steps back; None if fewer than two norms are positive."""
    points = [point for point in found.profile if point.norm > 0 and math.isfinite(point.norm)]
    if len(points) < 2:
        return None
    with house_style():
        figure = Drawing(figsize=(WIDTH, HEIGHT))
        axes = figure.add_axes((0.09, 0.17, 0.88, 0.78))
        axes.plot(
            [p.steps_back for p in points], [p.norm / points[0].norm for p in points], color=LINES[0], linewidth=1.4
        )
        axes.set_yscale("log")
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter("{x:g}")
        axes.axhline(0.01, color=RULE, linewidth=0.8)
        for steps, text in ((found.reach, words("reach")), (found.horizon_used, words("used"))):
            if steps:
                axes.axvline(steps, color=MUTED, linewidth=0.8, linestyle=":")
                axes.annotate(
                    text, (steps, 1), xycoords=("data", "axes fraction"), xytext=(2, -8), textcoords="offset points",
                    color=MUTED,
                )  # fmt: skip
        axes.set_xlabel(words("steps back in time"))
        return picture(figure, words(found.message))


def write(found: Diagnosis, model: str, folder: Path, codes: Sequence[str] | None = None) -> list[Path]:
    """Write diagnosis.<language>.html and .pdf, diagnosis.json and profile.csv into a folder; returns the files.

    Whatever can be written is, before BenchError says what could not, as a PDF without Pango or a font.
    """
    chosen = [language(code) for code in codes or language_names()]
    written = [
        write_whole(folder / "diagnosis.json", f"{as_json(found.to_dict())}\n".encode()),
        write_whole(folder / "profile.csv", found.to_frame().to_csv(index=False).encode()),
    ]
    problems = []
    for one in chosen:
        made = document(found, model, one)
        numbering = Numbering(made)
        beside = Beside(places=(*others("diagnosis", one, chosen, FORMATS), *homes(one)))
        for name in FORMATS:
            form = formats()[name]
            file = folder / page_name("diagnosis", one.code, form.ending)
            try:
                written.append(write_whole(file, form.render(made, one, numbering, beside)))
            except BenchError as error:
                problems.append(f"{file.name} was not written: {error}")
    if problems:
        raise BenchError(f"{' '.join(problems)} Written: {', '.join(map(str, written))}.")
    return written
