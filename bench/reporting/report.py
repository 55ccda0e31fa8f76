"""From a store to the report's files."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.errors import BenchError
from bench.evidence.scope import ResultStore
from bench.reporting.catalogue import LANGUAGES, Catalogue
from bench.reporting.findings import gather
from bench.reporting.fonts import can_set_chinese
from bench.reporting.pages import page, pdf


def write_report(store: ResultStore, output: Path, languages: Sequence[str] = LANGUAGES) -> list[Path]:
    """Render report.<language>.html and .pdf into `output`; returns the files written.

    The HTML files are written first, so that they stand even where BenchError says why a PDF cannot be made:
    Pango or a Chinese font is missing. Also raises BenchError if the store is empty or `output` unwritable.
    """
    catalogues = [Catalogue(language) for language in languages]
    findings = gather(store)
    written, pages = [], {}
    for words in catalogues:
        pages[words.language] = page(findings, words)
        written.append(_write(output / f"report.{words.language}.html", pages[words.language].encode()))
    problems = []
    for language, html in pages.items():
        try:
            written.append(_write_pdf(output / f"report.{language}.pdf", html, language))
        except BenchError as error:
            problems.append(str(error))
    if problems:
        raise BenchError(" ".join(dict.fromkeys(problems)))
    return sorted(written)


def _write_pdf(file: Path, html: str, language: str) -> Path:
    if language == "zh" and not can_set_chinese():
        raise BenchError(
            f"{file.name} was not written, for no installed font has Chinese characters: "
            "apt-get install fonts-noto-cjk (or any other font for simplified Chinese)."
        )
    return _write(file, pdf(html))


def _write(file: Path, content: bytes) -> Path:
    """Write under a temporary name in the same folder, then rename."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as temporary:
            temporary.write(content)
        Path(temporary.name).chmod(0o644)
        Path(temporary.name).replace(file)
    except OSError as error:
        raise BenchError(
            f"The report cannot be written to {file}: {error.strerror}; choose another --output."
        ) from error
    return file
