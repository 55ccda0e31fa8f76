"""Makes the report's files from a store."""

from __future__ import annotations

import base64
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from bench.errors import BenchError
from bench.evidence.claims import claim_files
from bench.files import write_whole
from bench.history.take import HistoryStore
from bench.interpreters import started_safely
from bench.languages import Language, language, language_names, words
from bench.report.archive import MANIFEST, writing
from bench.report.build import TITLE, Broken, build
from bench.report.draw.claim_figure import claim_pictures
from bench.report.draw.fonts import figure_families
from bench.report.draw.style import as_png
from bench.report.findings import Findings, gather
from bench.report.manifest import bibliography, manifest
from bench.report.plugins import get_ready, needed
from bench.report.render import csv, formats
from bench.report.render.base import file_name
from bench.report.render.beside import Beside, Place, homes, others, page_name
from bench.report.render.numbering import Numbering
from bench.report.section import ClaimPictures, Page
from bench.tracking import RunAddresses

USUAL = ("html", "pdf")
"""The formats of a report unless others are asked for."""
SHARED = {
    "tables/values.csv": words("Values (CSV)"),
    "tables/runs.csv": words("Runs (CSV)"),
    "references.bib": words("Papers (BibTeX)"),
}
"""The files that are the same in every language, each with the words by which a page leads to it."""


class Written(NamedTuple):
    """The outcome of writing a report in one language."""

    files: list[Path]
    problems: list[str]
    """Reasons why a file was not written, or lacks something."""


@dataclass(frozen=True)
class Job:
    """The instructions for writing a report."""

    output: Path
    addresses: RunAddresses | None
    languages: tuple[str, ...]
    """Codes, or paths of folders."""
    formats: tuple[str, ...]
    png_dpi: int
    brief: bool

    @property
    def stem(self) -> str:
        """The beginning of the names of its pages: a brief report never takes the place of a whole one."""
        return "brief" if self.brief else "report"


def write_report(
    store: HistoryStore,
    output: Path,
    languages: Sequence[str] | None = None,
    addresses: RunAddresses | None = None,
    jobs: int = 1,
    png_dpi: int = 0,
    only: Sequence[str] = USUAL,
    brief: bool = False,
    then: Callable[[Findings, list[Path]], None] | None = None,
) -> list[Path]:
    """Render report.<language>.html and .pdf into `output`, and next to them the files that go with them.

    With `addresses`, runs are links into MLflow. languages: codes, or paths of folders; English and Chinese if none are
    given. only: the names of the formats that are written. brief: instead write brief.<language>.html and .pdf, which
    have the answer, the advice and the source's table on a few pages. then: called with what was
    found and the pages' files.

    Next to the pages are figures/ (SVG; with `png_dpi` PNG too), tables/ (CSV), references.bib and manifest.json.
    Returns the pages' files. With two jobs another process does half of the work. Whatever can be written is, before
    BenchError says what could not: the PDF, where Pango or a font is missing, or a section that raised an error. Also
    raises BenchError if the store is empty, `output` cannot be written, or a language or a format is not known.
    """
    codes = [*(languages or language_names())]
    for code in codes:
        language(code)
    if unknown := [name for name in only if name not in formats()]:
        raise BenchError(f"Unknown report format '{unknown[0]}': choose from {', '.join(formats())}.")
    job = Job(output, addresses, tuple(codes), tuple(only), png_dpi, brief)
    with writing(output), _helper(jobs) as helper:
        findings = gather(store)
        elsewhere: list[Future[Written]] = []
        if helper and len(codes) > 1:
            elsewhere = [helper.submit(_write_packed, pickle.dumps(findings), codes.pop(), job)]
        free = None if elsewhere else helper
        done = [_write_language(findings, code, job, free) for code in codes]
        done += [future.result() for future in elsewhere]
        written = [file for part in done for file in part.files]
        written += _write_shared(findings, output)
        write_whole(output / MANIFEST, manifest(findings, output, written))
    pages = sorted(file for file in written if file.parent == output and file.stem.startswith(f"{job.stem}."))
    if then:
        then(findings, pages)
    if problems := dict.fromkeys(problem for part in done for problem in part.problems):
        raise BenchError(f"{' '.join(problems)} Written: {', '.join(map(str, pages))}.")
    return pages


@contextmanager
def _helper(jobs: int) -> Iterator[ProcessPoolExecutor | None]:
    """Another process, which gets ready while this one reads the store."""
    if jobs < 2:
        yield None
        return
    known = needed(), claim_files()
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=get_ready, initargs=known) as helper:
        with started_safely():
            helper.submit(figure_families)
        yield helper


def _write_language(findings: Findings, code: str, job: Job, helper: ProcessPoolExecutor | None = None) -> Written:
    words = language(code)
    page = Page(findings, words, job.addresses, _claim_pictures(findings, code, job, helper))
    with as_png(job.png_dpi):
        document, broken = build(page, job.brief)
    numbering, beside = Numbering(document), _beside(words, job)
    files = [*_write_figures(numbering, job.output / beside.figures)]
    files += [write_whole(job.output / beside.tables / name, data) for name, data in csv.tables(numbering, words)]
    problems = [_sentence(section) for section in broken]
    for name in job.formats:
        form = formats()[name]
        file = job.output / page_name(job.stem, words.code, form.ending)
        try:
            files.append(write_whole(file, form.render(document, words, numbering, beside)))
        except BenchError as error:
            problems.append(f"{file.name} was not written: {error}")
    return Written(files, problems)


def _beside(words: Language, job: Job) -> Beside:
    """List the places that a page of the report can lead to."""
    pages = others(job.stem, words, [*map(language, job.languages)], [formats()[name].ending for name in job.formats])
    shared = [Place(words.translation(text), file) for file, text in SHARED.items()]
    own = f"{job.stem}/" if job.brief else ""  # its figures and tables have other numbers
    return Beside(f"{own}figures/{words.code}", f"{own}tables/{words.code}", (*pages, *shared, *homes(words)))


def _sentence(section: Broken) -> str:
    return f"The section '{section.section}' could not be made ({section.reason})."


def _write_packed(findings: bytes, code: str, job: Job) -> Written:
    """Write a report in another process. Findings come pickled: the executor pickles while this process goes on."""
    return _write_language(pickle.loads(findings), code, job)


def _claim_pictures(
    findings: Findings, code: str, job: Job, helper: ProcessPoolExecutor | None
) -> Callable[[], ClaimPictures]:
    """The claims' figures, which another process may draw meanwhile."""
    if helper:
        return helper.submit(_draw_claims, pickle.dumps(findings), code, job.png_dpi).result
    return lambda: claim_pictures(findings, Page(findings, language(code)).verdicts)


def _draw_claims(findings: bytes, code: str, png_dpi: int) -> ClaimPictures:
    """Draw the claims' figures in another process."""
    unpacked: Findings = pickle.loads(findings)
    with as_png(png_dpi):
        return claim_pictures(unpacked, Page(unpacked, language(code)).verdicts)


def _write_figures(numbering: Numbering, folder: Path) -> Iterator[Path]:
    for number, figure in numbering.figures:
        stem, picture = file_name(number, figure.name), figure.picture
        yield write_whole(folder / f"{stem}.svg", base64.b64decode(picture.source.partition(",")[2]))
        if picture.png:
            yield write_whole(folder / f"{stem}.png", picture.png)


def _write_shared(findings: Findings, output: Path) -> Iterator[Path]:
    """Write the files that are the same in every language."""
    contents = (csv.values(findings.all_verdicts), csv.runs(findings.all_verdicts), bibliography(findings, TITLE))
    yield from map(write_whole, (output / file for file in SHARED), contents)
