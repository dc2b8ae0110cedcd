"""One self-contained HTML page: its look, its charts, its safety, and how it is put in place.

Shared by every page that we write. Knows nothing about what a page says.
"""

from stafford.page.chart import Chart, NumberTable
from stafford.page.document import render_document
from stafford.page.publication import write

__all__ = ["Chart", "NumberTable", "render_document", "write"]
