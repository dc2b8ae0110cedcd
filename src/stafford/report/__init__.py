"""One self-contained HTML file about the shop and about the run.

`load` reads, `render` draws, `write` publishes; only the first and the last touch a file.
"""

from stafford.page import write
from stafford.report.data import ReportData
from stafford.report.page import render
from stafford.report.source import load

__all__ = ["ReportData", "load", "render", "write"]
