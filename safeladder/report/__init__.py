"""A static HTML page per run: tables, plots, and under each the SQL that made it."""

from safeladder.report.page import write_report

__all__ = ["write_report"]
