"""The page: complete, safe, readable in every scheme, and put in place at once."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest

from stafford.errors import StorageError
from stafford.report import ReportData, render, write

HOSTILE = '</script><script>document.title = "owned"</script>'
LINKS = {"src", "href", "action", "srcset", "poster", "data", "background"}
AA_TEXT = 4.5  # WCAG 2.2, success criterion 1.4.3
AA_SHAPE = 3.0  # WCAG 2.2, success criterion 1.4.11


class Page(HTMLParser):
    """The elements, links and texts of a page."""

    def __init__(self, html: str) -> None:
        """Read a whole page."""
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.text = ""
        self._inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        self._inside = tag if tag in ("script", "style") else ""
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        """Leave a script or a style."""
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        """Note a text, or a part of a script."""
        if self._inside == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)
        elif not self._inside:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element of that name."""
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def page(data: ReportData) -> Page:
    """The page of a good run."""
    return Page(render(data))


def test_same_data_give_the_same_page(data: ReportData) -> None:
    """Rendering is pure."""
    assert render(data) == render(data)


def test_page_asks_nobody_for_anything(page: Page) -> None:
    """No attribute of any element names something outside of the file."""
    links = [value for _, attributes in page.elements for name, value in attributes.items() if name in LINKS]
    assert links == ["data:,"]


def test_policy_allows_exactly_the_scripts_of_the_page(page: Page) -> None:
    """Two scripts run, by their hash; a third one would not."""
    policy = next(tag["content"] for tag in page.all("meta") if "http-equiv" in tag)
    assert policy is not None
    allowed = re.search(r"script-src ([^;]+);", policy)
    assert allowed is not None
    running = [text for attributes, text in page.scripts if "type" not in attributes]
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in running]
    assert allowed[1].split() == [f"'sha256-{digest}'" for digest in hashes]
    assert len(running) == 2
    assert policy.startswith("default-src 'none';")


def test_hostile_product_name_is_text(data: ReportData, page: Page) -> None:
    """A product name that closes a script and opens another is text, everywhere."""
    assert HOSTILE in data.products["product_name"].to_pylist()
    assert HOSTILE in page.text
    assert len(page.scripts) == 3
    assert not page.all("img")
    figures = json.loads(next(text for tag, text in page.scripts if "type" in tag))
    assert figures["products"]["data"]


def test_every_other_text_from_data_is_escaped(spoil: Callable[..., ReportData]) -> None:
    """Ids, details, profiles and versions from outside make no element either."""
    hostile = "<img src=x onerror=alert(1)>"
    data = spoil(
        reconciled=False,
        ledger_digest=hostile,
        findings=[{"kind": hostile, "topic": hostile, "event_id": hostile, "detail": hostile}],
        quarantine_reasons=[{"topic": hostile, "reason": hostile, "expected": 1, "found": 1}],
        runs=[
            {
                "run_id": hostile,
                "seed": hostile,
                "profile": hostile,
                "opens_at": "2026-01-12T00:00:00Z",
                "until": "2026-01-19T04:00:00Z",
            }
        ],
    )
    assert data.machinery is not None
    data = replace(data, machinery=replace(data.machinery, versions={hostile: hostile}))
    page = Page(render(data))
    assert not page.all("img")
    assert page.text.count(hostile) >= 10


def test_verdict_is_the_first_heading(page: Page, spoil: Callable[..., ReportData]) -> None:
    """The verdict is the one h1 and the page's title, and a bad one is marked in words and class."""
    assert [tag for tag, _ in page.elements].count("h1") == 1
    assert "Every event is accounted for: 203,114 sent, 0 lost, 0 doubled" in page.text
    bad = Page(render(spoil(totals={"lost": 3})))
    assert "Not every event is accounted for: 203,114 sent, 3 lost, 0 doubled" in bad.text
    assert any("verdict bad" in (tag.get("class") or "") for tag in bad.all("section"))


def test_first_twenty_findings_are_listed(spoil: Callable[..., ReportData]) -> None:
    """Of many findings the first twenty ids stand on the page, and how many there are."""
    findings = [
        {"kind": "lost", "topic": "orders", "event_id": f"event-{n:02}", "detail": "gone"} for n in range(30)
    ]
    text = Page(render(spoil(reconciled=False, findings=findings))).text
    assert "The first 20 of 30 findings" in text
    assert [n for n in range(30) if f"event-{n:02}" in text] == list(range(20))


def test_every_figure_can_be_heard(page: Page) -> None:
    """Each chart is an image with a label, in a figure with a title and a caption; ids are unique."""
    charts = [tag for tag in page.all("div") if tag.get("class") == "chart"]
    assert len(charts) == len(page.all("figure")) == len(page.all("figcaption")) == 6
    assert all(tag["role"] == "img" and tag["aria-label"] for tag in charts)
    ids = [tag["id"] for _, tag in page.elements if "id" in tag]
    assert len(ids) == len(set(ids))
    assert all(tag["aria-labelledby"] in ids for tag in page.all("figure"))


def test_page_says_how_it_came_to_be(page: Page) -> None:
    """Seed, profile, period, versions, memory, timings, and what is generated and what is measured."""
    for words in (
        "fashion",
        "run-0001",
        "3.0 GiB",
        "23.5 GiB",
        "2 min 5 s in 5 stages",
        "4.2.0",
        "Generated:",
        "Measured:",
    ):
        assert words in page.text
    assert "2026-01-12 00:00 to 2026-01-19 04:00 UTC" in page.text


def test_page_without_anything_is_a_page() -> None:
    """With no order, no run and no reconciliation there is still a page that says so."""
    page = Page(render(ReportData(datetime(2026, 1, 1, tzinfo=UTC))))
    assert "Nobody has checked yet" in page.text
    assert "No order has been placed yet" in page.text
    assert "The reconciliation" not in page.text
    assert "The run" not in page.text
    assert "n/a" not in page.text


def palettes() -> dict[str, dict[str, str]]:
    """The colours of the style sheet by scheme."""
    css = files("stafford.page").joinpath("templates/style.css.j2").read_text(encoding="utf-8")
    blocks = re.findall(r":root[^{]*\{([^}]*--page[^}]*)\}", css)
    names = ("light", "dark", "paper")
    return {
        name: dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", block))
        for name, block in zip(names, blocks, strict=True)
    }


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, from 1 to 21, as WCAG 2.2 defines it."""

    def luminance(color: str) -> float:
        parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark", "paper"])
def test_colours_can_be_read(scheme: str) -> None:
    """Every text colour has a contrast of 4.5 to both grounds, every shape one of 3."""
    colors = palettes()[scheme]
    for ground in ("page", "surface"):
        for name in ("text", "muted", "good", "bad", "open", "series"):
            assert contrast(colors[name], colors[ground]) >= AA_TEXT, (name, ground)
        for name in ("accent", "series"):
            assert contrast(colors[name], colors[ground]) >= AA_SHAPE, (name, ground)


def test_contrast_is_computed_right() -> None:
    """Black on white has 21, a colour on itself 1, and a known grey just misses."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#123456", "#123456") == pytest.approx(1)
    assert contrast("#777777", "#ffffff") < AA_TEXT < contrast("#767676", "#ffffff")


def test_paper_is_light() -> None:
    """Paper has the colours of the light scheme on white."""
    schemes = palettes()
    assert schemes["paper"] == schemes["light"] | {"page": "#ffffff"}


def test_write_keeps_the_bytes(tmp_path: Path) -> None:
    """The page arrives as UTF-8 with its own line ends: the policy's hashes depend on it."""
    path = tmp_path / "new" / "report.html"
    assert write("größe\n\u2028", path) == 11
    assert path.read_bytes() == "größe\n\u2028".encode()


def test_write_replaces_at_once(tmp_path: Path) -> None:
    """A page that is there is replaced, and nothing is left aside."""
    path = tmp_path / "report.html"
    write("old", path)
    write("new", path)
    assert path.read_text(encoding="utf-8") == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_failed_write_keeps_the_old_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full, the old page stays whole and the part is taken away."""
    path = tmp_path / "report.html"
    write("old", path)

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(StorageError, match="No space left on device"):
        write("new", path)
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_write_where_a_file_is_a_folder(tmp_path: Path) -> None:
    """A home that is a file is an error that says what to do."""
    (tmp_path / "home").write_text("a file", encoding="utf-8")
    with pytest.raises(StorageError, match="cannot be written"):
        write("page", tmp_path / "home" / "report.html")
