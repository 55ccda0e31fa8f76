"""The report: a document made from a store, rendered in several languages and formats."""

from bench.report.write import USUAL, write_report

__all__ = ["USUAL", "write_report"]
