"""From a store to the report's files."""

from __future__ import annotations

import base64
import pickle
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from bench.collector import collect_seldom
from bench.errors import BenchError
from bench.files import write_whole
from bench.history.take import HistoryStore
from bench.interpreters import started_safely
from bench.reporting import tables
from bench.reporting.archive import MANIFEST, writing
from bench.reporting.catalogue import LANGUAGES, Catalogue
from bench.reporting.findings import Findings, gather
from bench.reporting.fonts import can_set_chinese
from bench.reporting.manifest import bibliography, manifest
from bench.reporting.pages import ClaimPictures, Page, claim_pictures, rendered
from bench.reporting.paper import pdf
from bench.reporting.style import as_png
from bench.tracking import RunAddresses

Written = tuple[list[Path], str]
"""The files of a language, and why there is no PDF; empty if there is one."""


def write_report(
    store: HistoryStore,
    output: Path,
    languages: Sequence[str] = LANGUAGES,
    addresses: RunAddresses | None = None,
    jobs: int = 1,
    png_dpi: int = 0,
) -> list[Path]:
    """Render report.<language>.html and .pdf into `output`, and beside them what can be taken away from them.

    With `addresses`, runs are links into MLflow.

    That is figures/ (SVG; with `png_dpi` PNG too), tables/ (CSV), references.bib and manifest.json. Returns the pages'
    files. With two jobs another process does half of the work. A page's HTML is written before its PDF, so that it
    stands even where BenchError says why a PDF cannot be made: Pango or a Chinese font is missing. Also raises
    BenchError if the store is empty or `output` unwritable.
    """
    for language in languages:
        Catalogue(language)  # refuses an unknown one before anything is done
    with writing(output), _helper(jobs) as helper:
        findings = gather(store)
        rest = [*languages]
        elsewhere: list[Future[Written]] = []
        if helper and len(rest) > 1:
            packed = pickle.dumps(findings)
            elsewhere = [helper.submit(_write_packed, packed, rest.pop(), output, addresses, png_dpi)]
        free = None if elsewhere else helper
        done = [_write_language(findings, language, output, addresses, png_dpi, free) for language in rest]
        done += [future.result() for future in elsewhere]
        written = [file for files, _ in done for file in files]
        written += _write_shared(findings, output)
        write_whole(output / MANIFEST, manifest(findings, output, written))
    pages = sorted(file for file in written if file.parent == output and file.suffix in (".html", ".pdf"))
    problems = dict.fromkeys(problem for _, problem in done if problem)
    if problems:
        kept = ", ".join(map(str, pages))
        raise BenchError(f"{' '.join(problems)} Written: {kept}.")
    return pages


@contextmanager
def _helper(jobs: int) -> Iterator[ProcessPoolExecutor | None]:
    """Another process, which gets ready while this one reads the store."""
    if jobs < 2:
        yield None
        return
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=collect_seldom) as helper:
        with started_safely():
            helper.submit(can_set_chinese)
        yield helper


def _write_language(
    findings: Findings,
    language: str,
    output: Path,
    addresses: RunAddresses | None,
    png_dpi: int,
    helper: ProcessPoolExecutor | None = None,
) -> Written:
    words = Catalogue(language)
    drawn = helper.submit(_draw_claims, pickle.dumps(findings), language, png_dpi).result if helper else None
    with as_png(png_dpi):
        shown = rendered(findings, words, addresses, drawn)
    written = [write_whole(output / f"report.{language}.html", shown.html.encode())]
    written += _write_figures(shown, output / "figures" / language)
    for name, data in tables.shown(shown.html).items():
        written.append(write_whole(output / "tables" / language / name, data))
    try:
        written.append(_write_pdf(output / f"report.{language}.pdf", shown.html, language))
    except BenchError as error:
        return written, str(error)
    return written, ""


def _write_packed(
    findings: bytes, language: str, output: Path, addresses: RunAddresses | None, png_dpi: int
) -> Written:
    """In another process. Findings travel pickled: the executor would pickle them while this process goes on."""
    return _write_language(pickle.loads(findings), language, output, addresses, png_dpi)


def _draw_claims(findings: bytes, language: str, png_dpi: int) -> ClaimPictures:
    """In another process."""
    with as_png(png_dpi):
        return claim_pictures(pickle.loads(findings), Catalogue(language))


def _write_figures(page: Page, folder: Path) -> Iterator[Path]:
    for number, name, picture in page.figures:
        stem = f"figure-{number:02}" + (f"-{name}" if name else "")
        yield write_whole(folder / f"{stem}.svg", base64.b64decode(picture.source.partition(",")[2]))
        if picture.png:
            yield write_whole(folder / f"{stem}.png", picture.png)


def _write_shared(findings: Findings, output: Path) -> Iterator[Path]:
    """What is the same in every language."""
    yield write_whole(output / "tables" / "values.csv", tables.values(findings.verdicts))
    yield write_whole(output / "tables" / "runs.csv", tables.runs(findings.verdicts))
    yield write_whole(output / "references.bib", bibliography(findings, Catalogue("en")("report.title")))


def _write_pdf(file: Path, html: str, language: str) -> Path:
    if language == "zh" and not can_set_chinese():
        raise BenchError(
            f"{file.name} was not written, for no installed font has Chinese characters: "
            "apt-get install fonts-noto-cjk (or any other font for simplified Chinese)."
        )
    return write_whole(file, pdf(html))
