"""The sections of the report, one file each, found by this folder, by entry point or in a plugin."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bench.contract import Checks
from bench.registry import Registry
from bench.report.section import ReportSection


def _attributes(section: type[ReportSection]) -> Iterator[str]:
    if not isinstance(getattr(section, "title", None), str):
        yield "it has no title, a string"
    order = getattr(section, "order", None)
    if isinstance(order, bool) or not isinstance(order, int | float) or not math.isfinite(order):
        yield f"its order is {order!r}: give a number, by which sections follow one another"


def _blocks(section: type[ReportSection]) -> Iterator[str]:
    if section.blocks is ReportSection.blocks:
        yield "it has no method 'blocks', which yields what it consists of"


CHECKS: Checks = {"reading its attributes": _attributes, "looking for its blocks": _blocks}
"""The cheap part of a section's contract; `bench.testing.check_section` builds it as well."""
sections: Registry[ReportSection] = Registry(
    "section",
    ReportSection,  # type: ignore[type-abstract]
    "bench.report.sections",
    "bptt_bench.sections",
    CHECKS,
)


def in_order() -> list[type[ReportSection]]:
    """All sections, those of packages and plugins among them, as they follow one another."""
    return sorted(sections.all().values(), key=lambda section: (section.order, section.name))
