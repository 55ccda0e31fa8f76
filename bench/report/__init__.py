"""The report: figures, tables and sentences from a store, as HTML and PDF, in English and Chinese."""

from bench.report.write import write_report

__all__ = ["write_report"]
