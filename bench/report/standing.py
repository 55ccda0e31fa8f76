"""A report of two pages on one technique: where it stands, what it costs, how its gradient flows, text for a paper."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.evidence.scope import BASELINE
from bench.evidence.standing import ALL, Standing, standings
from bench.files import write_whole
from bench.languages import language
from bench.records.cell import SettingKey
from bench.report.archive import writing
from bench.report.build import TITLE
from bench.report.document import (
    Block,
    Cell,
    Column,
    Document,
    Figure,
    Group,
    Items,
    Row,
    Section,
    Styled,
    Table,
    Text,
)
from bench.report.draw.standing import standing
from bench.report.findings import Findings
from bench.report.for_papers import latex_table, method
from bench.report.manifest import bibliography
from bench.report.render import formats
from bench.report.render.base import file_name
from bench.report.render.beside import Beside, homes, others, page_name
from bench.report.render.numbering import Numbering
from bench.report.section import Page

MOST = 3
"""Others whose price and gradient stand beside the technique's: the best of them, and the baseline."""


def write_standing(
    findings: Findings,
    technique: str,
    tasks: Sequence[str],
    output: Path,
    languages: Sequence[str],
    only: Sequence[str],
) -> list[Path]:
    """Write standing.<language>.<format>, table.tex, method.txt and references.bib; returns the files.

    Raises BenchError if the technique has no measured runs, or a file cannot be written.
    """
    found, files = standings(findings.scope, technique, tasks), []
    with writing(output):
        english = Page(findings, language("en")).say
        ranked = [task for task in tasks if any(one.task == task for one in found)]
        texts = {
            "table.tex": latex_table(found, technique, english),
            "method.txt": method(findings, found, ranked, english) + "\n",
        }
        files += [write_whole(output / name, text.encode()) for name, text in texts.items()]
        files.append(write_whole(output / "references.bib", bibliography(findings, TITLE)))
        for code in languages:
            words = language(code)
            document = _document(Page(findings, words), found, technique, texts)
            numbering, folder = Numbering(document), f"figures/{words.code}"
            for number, figure in numbering.figures:
                svg = base64.b64decode(figure.picture.source.partition(",")[2])
                files.append(write_whole(output / folder / f"{file_name(number, figure.name)}.svg", svg))
            pages = others("standing", words, [*map(language, languages)], [formats()[name].ending for name in only])
            beside = Beside(folder, places=(*pages, *homes(words)))
            for name in only:
                form = formats()[name]
                content = form.render(document, words, numbering, beside)
                files.append(write_whole(output / page_name("standing", words.code, form.ending), content))
    return files


def _document(page: Page, found: list[Standing], technique: str, texts: dict[str, str]) -> Document:
    words, name = page.words, page.say.technique(technique)
    own = [one for one in found if one.technique == technique]
    sections = (
        Section("stands", words("Where it stands"), tuple(_stands(page, found, own, technique))),
        Section("price", words("Its price and its gradient"), tuple(_price(page, found, technique))),
        Section("paper", words("For a paper"), tuple(_paper(page, texts))),
    )
    last = [origin.last for origin in page.findings.origins]
    return Document(
        title=words(
            "{technique} among {count} techniques", technique=name, count=page.say.numbers.count(own[0].ranked)
        ),
        subtitle=words("Measured under one protocol, on the same sequences and seeds"),
        kind=words("Comparison"),
        facts=((words("Seeds"), page.say.numbers.count(own[0].seeds)),),
        sections=sections,
        created=f"{max(last)[:19]}Z" if last else "",
    )


def _stands(page: Page, found: list[Standing], own: list[Standing], technique: str) -> Iterator[Block]:
    """Yield a sentence, a row a task, and all techniques together in a picture."""
    words, say = page.words, page.say
    last = own[-1]
    sentence = words(
        "{technique} has rank {rank} of {count} (interval {best} to {worst}), with a score of {score}.",
        technique=say.technique(technique), rank=str(last.rank), count=str(last.ranked), best=str(last.best),
        worst=str(last.worst), score=say.numbers.percent(last.score),
    )  # fmt: skip
    if len({one.score for one in found if one.task == last.task}) == 1:
        sentence = words("All techniques score alike, so that none of them has a rank.")
    yield Text(sentence, "lead")
    yield Text(
        words(
            "The score of a run is the share of its budget that was left when it solved its task; nothing if it did "
            "not. Ranked are the techniques that ran all lags and seeds that this one ran; equal scores share the best "
            "rank."
        )
    )
    columns = (
        Column(words("Task")), Column(words("Score"), number=True), Column(words("Interval"), number=True),
        Column(words("Rank"), number=True), Column(words("Its interval"), number=True), Column(words("Best")),
    )  # fmt: skip
    rows = []
    for one in own:
        best = [say.technique(other.technique) for other in found if other.task == one.task and other.rank == 1]
        rows.append(
            Row((
                Cell(_task(page, one.task), "row"), say.numbers.percent(one.score),
                say.numbers.interval(one.low, one.high), str(one.rank), f"{one.best}–{one.worst}",
                words.all_of(best[:MOST]) if len(best) <= MOST else words("{n} share it", n=str(len(best))),
            ))
        )  # fmt: skip
    yield Table(columns, (Group(tuple(rows)),), words("Scores and ranks, by task."), "ranks")
    shown = [one for one in found if one.task == last.task]
    caption = words(
        "Mean scores with their intervals, {task}; at the right the rank and its interval.", task=_task(page, last.task)
    )
    yield Figure(standing(shown, technique, say, sentence), caption, "standing")


def _task(page: Page, task: str) -> str:
    return page.words("all tasks together") if task == ALL else page.say.task(task)


def _price(page: Page, found: list[Standing], technique: str) -> Iterator[Block]:
    """Yield time, parameters and the gradient of the technique, of the best ones and of the baseline."""
    words, say, findings = page.words, page.say, page.findings
    order = [one.technique for one in found if one.task == found[-1].task]
    others = [name for name in order if name not in (technique, BASELINE)][:MOST]
    names = [technique, *others, *([BASELINE] if BASELINE in order and technique != BASELINE else [])]
    task = next(one.task for one in found if one.technique == technique)
    lag = findings.flow.lag(task)
    yield Text(
        words(
            "Time and parameters are over the baseline's. The gradient's rate is in nats per step back on {cell}, of "
            "the state that is put out, or of the inputs where no state is known; at a rate of nothing it is kept.",
            cell=say.cell(task, lag or 0),
        )
    )
    columns = (
        Column(words("Technique")), Column(words("Time per update"), number=True),
        Column(words("Parameters"), number=True), Column(words("Rate before training"), number=True),
        Column(words("Rate at the end"), number=True), Column(words("Half-life at the end, steps"), number=True),
    )  # fmt: skip
    rows = tuple(Row((Cell(say.technique(name), "row"), *_of(page, name, task, lag))) for name in names)
    yield Table(columns, (Group(rows),), words("Price and gradient."), "price")


def _of(page: Page, name: str, task: str, lag: int | None) -> Iterator[str]:
    """Yield the cells of one technique."""
    findings, n = page.findings, page.say.numbers
    cost = findings.cost_ratios.get(name)
    yield n.ratio_range(cost.time_low, cost.time_high) if cost and cost.time_low == cost.time_low else n.none
    yield n.ratio(cost.parameters) if cost else n.none
    key = SettingKey(name, task, lag or 0)
    output = findings.flow.output(key)
    rates = [findings.flow.rate(key, moment, output) if output else None for moment in ("start", "end")]
    yield from (n.signed(rate.decay) if rate else n.none for rate in rates)
    yield n.steps(rates[1].half_life) if rates[1] else n.none


def _paper(page: Page, texts: dict[str, str]) -> Iterator[Block]:
    """Yield the paragraph on the method, and the table's source."""
    words = page.words
    yield Text(
        words("The paragraph is in method.txt, the table in table.tex (it needs booktabs), BibTeX in references.bib.")
    )
    yield Text(texts["method.txt"].strip(), "quiet")
    yield Items(tuple(Styled(line, "code") for line in texts["table.tex"].splitlines()), "said")
