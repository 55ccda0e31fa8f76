"""From a store to the report's files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.errors import BenchError
from bench.evidence.scope import ResultStore
from bench.files import write_whole
from bench.reporting.catalogue import LANGUAGES, Catalogue
from bench.reporting.findings import gather
from bench.reporting.fonts import can_set_chinese
from bench.reporting.pages import page, pdf
from bench.tracking import RunAddresses


def write_report(
    store: ResultStore,
    output: Path,
    languages: Sequence[str] = LANGUAGES,
    addresses: RunAddresses | None = None,
) -> list[Path]:
    """Render report.<language>.html and .pdf into `output`; returns the files written. With `addresses`, runs are
    links into MLflow.

    The HTML files are written first, so that they stand even where BenchError says why a PDF cannot be made:
    Pango or a Chinese font is missing. Also raises BenchError if the store is empty or `output` unwritable.
    """
    catalogues = [Catalogue(language) for language in languages]
    findings = gather(store)
    written, pages = [], {}
    for words in catalogues:
        pages[words.language] = page(findings, words, addresses)
        written.append(write_whole(output / f"report.{words.language}.html", pages[words.language].encode()))
    problems = []
    for language, html in pages.items():
        try:
            written.append(_write_pdf(output / f"report.{language}.pdf", html, language))
        except BenchError as error:
            problems.append(str(error))
    if problems:
        kept = ", ".join(str(file) for file in sorted(written))
        raise BenchError(f"{' '.join(dict.fromkeys(problems))} Written: {kept}.")
    return sorted(written)


def _write_pdf(file: Path, html: str, language: str) -> Path:
    if language == "zh" and not can_set_chinese():
        raise BenchError(
            f"{file.name} was not written, for no installed font has Chinese characters: "
            "apt-get install fonts-noto-cjk (or any other font for simplified Chinese)."
        )
    return write_whole(file, pdf(html))
