"""Report of a run: one HTML file without references to other files."""

from neurop.report.page import write_report
from neurop.report.results import Results

__all__ = ["Results", "write_report"]
