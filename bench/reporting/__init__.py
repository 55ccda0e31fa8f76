"""The report: figures, tables and sentences from a store, as HTML and PDF, in English and Chinese."""

from bench.reporting.report import write_report

__all__ = ["write_report"]
