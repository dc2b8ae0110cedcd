"""Draws a page: one HTML document that asks no other machine, and no other file, for anything."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined
from plotly.offline import get_plotlyjs, get_plotlyjs_version

from stafford.page.chart import Chart


def render_document(
    templates: BaseLoader,
    name: str,
    *,
    charts: Iterable[Chart],
    filters: Mapping[str, Any],
    **values: Any,
) -> str:
    """Draw a template as one HTML document.

    Pure: the same values give the same text. Whatever came from data is escaped, and the template's content
    security policy lets no script run but the two whose hashes it is given, and no request leave.

    Args:
        templates: where `name` is; it may include this room's style.css.j2 and charts.html.j2.
        name: the template. It is given `charts`, `figures`, `library`, `library_version`, `drawing` and
            `script_hashes`.
        charts: of the page, in order.
        filters: for values, by name.
        values: what else the template says.

    Returns:
        The document, lines ended by a line feed; it must be stored as UTF-8 with exactly these ends, because
        the policy names the scripts by their hash.
    """
    environment = Environment(
        loader=ChoiceLoader([templates, PackageLoader("stafford.page")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters)
    drawn = tuple(charts)
    # A template has no business with the text of scripts: the hash must be of exactly what is in the page.
    library = _one_newline(get_plotlyjs())
    drawing = _one_newline(environment.get_template("draw.js.j2").render())
    return environment.get_template(name).render(
        charts=drawn,
        figures={chart.chart_id: chart.figure for chart in drawn if chart.figure is not None},
        library=library,
        library_version=get_plotlyjs_version(),
        drawing=drawing,
        script_hashes=[_hash(library), _hash(drawing)],
        **values,
    )


def _one_newline(script: str) -> str:
    # An HTML parser reads CR LF as LF, so a script with either would not have the hash that we took.
    return script.replace("\r\n", "\n").replace("\r", "\n")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
