"""Lists the files of a report and what it was made from, so that anybody can check that it is the same."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import bench
from bench.evidence.claims import family_hashes
from bench.records.provenance import provenance
from bench.report.files import templates_folder
from bench.report.findings import Findings

LIBRARIES = ("numpy", "pandas", "scipy", "statsmodels", "matplotlib", "seaborn", "jinja2", "weasyprint", "pydyf")
"""Libraries on which a page's bytes may depend; fonts and Pango are further dependencies."""
SHORT = 12


def manifest(findings: Findings, folder: Path, files: Iterable[Path]) -> bytes:
    """Return as JSON the code, libraries, the store's state, the hashes of claims by family, and each file's size and
    SHA-256 by path in `folder`.
    """
    code = provenance()
    record: dict[str, Any] = {
        "code": {"bench": bench.__version__, "commit": code["commit"], "dirty": code["dirty"]},
        "versions": {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
        "store": {"sha256": findings.state, "members": len(findings.all_runs) + findings.stale_runs},
        "claims": family_hashes(),
        "files": {file.relative_to(folder).as_posix(): _checked(file) for file in sorted(files)},
    }
    return f"{json.dumps(record, indent=1)}\n".encode()


def _checked(file: Path) -> dict[str, Any]:
    data = file.read_bytes()
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def differing(folder: Path) -> list[str]:
    """List the files of the manifest in `folder` that differ from it or are missing."""
    said = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    return [name for name, about in said.items() if not (folder / name).is_file() or _checked(folder / name) != about]


def bibliography(findings: Findings, title: str) -> bytes:
    """BibTeX: this report, then the papers that its techniques and tasks come from."""
    code = provenance()
    fields = {
        "author": "{{bptt-bench contributors}}",
        "title": f"{{{title}}}",
        "howpublished": f"{{bptt-bench {bench.__version__}, commit {code['commit'][:SHORT]}}}",
        "note": f"{{SHA-256 of the results {findings.state[:SHORT]}}}",
    }
    if findings.origins:  # there are none where every result is stale
        last = max(origin.last for origin in findings.origins)
        fields |= {"year": f"{{{last[:4]}}}", "date": f"{{{last[:10]}}}"}
    lines = [f"  {name} = {value}," for name, value in fields.items()]
    own = "\n".join([f"@misc{{bpttbench{findings.state[:SHORT]},", *lines, "}"])
    papers = (templates_folder() / "references.bib").read_text(encoding="utf-8")
    return f"{own}\n\n{papers}".encode()
