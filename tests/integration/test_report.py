"""The report as people meet it: written by the command, opened in a real browser, without a network."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import typer
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait
from typer.testing import CliRunner

from stafford.cli.report import report
from stafford.errors import ConfigError
from stafford.jobs.report import build
from stafford.settings import Settings

SAMPLES = Path(__file__).parents[1] / "unit" / "report"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHARTS = 6
WAIT_S = 20
# Nothing answers on this port, and nothing has to: an attempt is enough.
ELSEWHERE = "http://127.0.0.1:9/"

Open = Callable[[str], None]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home after a demo: marts, a reconciliation and the record of the run."""
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute((SAMPLES / "marts.sql").read_text(encoding="utf-8"))
    for name in ("reconciliation.json", "run.json"):
        shutil.copy(SAMPLES / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def page(home: Path) -> str:
    """The page of that home."""
    job = build(Settings(home=home), clock=lambda: datetime(2026, 1, 19, 6, 5, tzinfo=UTC))
    return job.run().path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """The system's own Chromium without a window, in a profile of its own; nothing is downloaded."""
    binary = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        say = "no Chromium with its chromedriver on PATH; on Debian: apt-get install chromium chromium-driver"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(say)
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for switch in (
        "headless",
        "no-sandbox",
        "disable-gpu",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "disable-dev-shm-usage",
        f"user-data-dir={tmp_path_factory.mktemp('profile')}",
    ):
        options.add_argument(f"--{switch}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = webdriver.Chrome(options=options, service=Service(driver))
    try:
        chrome.set_page_load_timeout(WAIT_S)
        yield chrome
    finally:
        chrome.quit()


@pytest.fixture
def show(browser: webdriver.Chrome, tmp_path: Path) -> Open:
    """Open a page from a file, and forget what the browser did, and was told to be, before."""
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    prefer(browser, "light")

    def show(html: str) -> None:
        path = tmp_path / "shown.html"
        path.write_bytes(html.encode())
        browser.get("about:blank")
        console(browser)
        requests(browser)
        browser.get(path.as_uri())

    return show


def resize(browser: webdriver.Chrome, width: int) -> None:
    """Give the page a width in CSS pixels."""
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def prefer(browser: webdriver.Chrome, scheme: str) -> None:
    """Switch the system between light and dark."""
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def wait_until_drawn(browser: webdriver.Chrome) -> None:
    """Wait until every chart says that it is drawn."""
    count = "return document.querySelectorAll('.chart[data-drawn]').length"
    WebDriverWait(browser, WAIT_S).until(lambda chrome: chrome.execute_script(count) == CHARTS)


def console(browser: webdriver.Chrome) -> list[str]:
    """What the console has got since it was last asked."""
    return [entry["message"] for entry in browser.get_log("browser")]


def requests(browser: webdriver.Chrome) -> list[str]:
    """Every address that the page has asked for since it was last asked."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]


def overflow(browser: webdriver.Chrome) -> int:
    """By how many CSS pixels the page is wider than its window."""
    script = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    return int(browser.execute_script(script))


def color(browser: webdriver.Chrome, selector: str, name: str) -> str:
    """A computed colour of the first element that matches."""
    script = "return getComputedStyle(document.querySelector(arguments[0])).getPropertyValue(arguments[1])"
    return str(browser.execute_script(script, selector, name))


@pytest.mark.browser
def test_page_draws_every_chart_and_asks_nobody(page: str, browser: webdriver.Chrome, show: Open) -> None:
    """Each chart is an SVG that takes room; the console is silent, and nothing but the file is asked for."""
    show(page)
    wait_until_drawn(browser)
    sizes: list[dict[str, Any]] = browser.execute_script(
        "return [...document.querySelectorAll('.chart')].map(chart => {"
        " const box = chart.querySelector('svg.main-svg').getBoundingClientRect();"
        " return {width: box.width, height: box.height,"
        " marks: chart.querySelectorAll('.point path, .js-line').length}})"
    )
    assert len(sizes) == CHARTS
    assert all(size["width"] > 200 and size["height"] > 100 and size["marks"] > 0 for size in sizes), sizes
    assert console(browser) == []
    asked = requests(browser)
    assert asked
    assert all(url.startswith(("file:", "data:", "blob:")) for url in asked), asked


@pytest.mark.browser
def test_a_request_would_be_seen(page: str, browser: webdriver.Chrome, show: Open) -> None:
    """A page without the policy that asks for something is caught, and with the policy asks for nothing."""
    script = f"<script>fetch('{ELSEWHERE}').catch(() => null)</script></body>"
    show(page.replace("Content-Security-Policy", "X-None").replace("</body>", script))
    wait_until_drawn(browser)
    assert ELSEWHERE in requests(browser)
    show(page.replace("</body>", script))
    wait_until_drawn(browser)
    assert ELSEWHERE not in requests(browser)
    assert any("Content Security Policy" in message for message in console(browser))


@pytest.mark.browser
def test_hostile_name_never_runs(page: str, browser: webdriver.Chrome, show: Open) -> None:
    """A product name that is a script does not run; were it not escaped, the policy would still stop it."""
    show(page)
    wait_until_drawn(browser)
    assert browser.title.startswith("Every event is accounted for")
    script = '<script>document.title = "owned"</script></body>'
    show(page.replace("</body>", script))
    wait_until_drawn(browser)
    assert browser.title != "owned"
    # The control: without the policy that very script does run.
    show(page.replace("Content-Security-Policy", "X-None").replace("</body>", script))
    assert browser.title == "owned"


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_width_needs_sideways_scrolling(
    page: str, browser: webdriver.Chrome, show: Open, width: int
) -> None:
    """From a phone to a desk the page is no wider than its window, tables opened or not."""
    resize(browser, width)
    show(page)
    wait_until_drawn(browser)
    assert overflow(browser) <= 0
    browser.execute_script("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert overflow(browser) <= 0
    # The control: something too wide is seen.
    browser.execute_script("document.querySelector('h1').style.width = '2000px'")
    assert overflow(browser) > 0


@pytest.mark.browser
def test_charts_follow_the_width(page: str, browser: webdriver.Chrome, show: Open) -> None:
    """When a window narrows to a phone's width, the charts that are drawn already narrow with it."""
    resize(browser, 1280)
    show(page)
    wait_until_drawn(browser)
    resize(browser, 360)
    widest = "return Math.max(...[...document.querySelectorAll('svg.main-svg')].map(svg => svg.clientWidth))"
    WebDriverWait(browser, WAIT_S).until(lambda chrome: chrome.execute_script(widest) < 360)
    assert overflow(browser) <= 0


@pytest.mark.browser
def test_dark_changes_page_and_charts_at_once(page: str, browser: webdriver.Chrome, show: Open) -> None:
    """Switching the system to dark changes the open page, its charts included, and back again."""
    prefer(browser, "light")
    show(page)
    wait_until_drawn(browser)
    bar = "#chart-rhythm .point path"
    light = (color(browser, "body", "background-color"), color(browser, bar, "fill"))
    prefer(browser, "dark")
    WebDriverWait(browser, WAIT_S).until(lambda chrome: color(chrome, bar, "fill") != light[1])
    dark = (color(browser, "body", "background-color"), color(browser, bar, "fill"))
    assert dark[0] != light[0]
    assert dark[0] == "rgb(19, 22, 27)"
    prefer(browser, "light")
    WebDriverWait(browser, WAIT_S).until(lambda chrome: color(chrome, bar, "fill") == light[1])
    assert color(browser, "body", "background-color") == light[0]
    assert console(browser) == []


@pytest.mark.browser
def test_paper_is_white_even_from_a_dark_screen(page: str, browser: webdriver.Chrome, show: Open) -> None:
    """While a dark screen prints, page and charts have the colours of paper; afterwards they are dark."""
    prefer(browser, "dark")
    show(page)
    wait_until_drawn(browser)
    bar = "#chart-rhythm .point path"
    dark = color(browser, bar, "fill")
    browser.execute_script(
        "window.addEventListener('beforeprint', () => {"
        " window.printed = getComputedStyle(document.body).backgroundColor })"
    )
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert len(printed["data"]) > 10_000
    assert browser.execute_script("return window.printed") == "rgb(255, 255, 255)"
    WebDriverWait(browser, WAIT_S).until(lambda chrome: color(chrome, bar, "fill") == dark)
    assert color(browser, "body", "background-color") == "rgb(19, 22, 27)"


@pytest.fixture
def run_command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run `stafford report` on a home, as the command line does."""
    app = typer.Typer()
    app.command("report")(report)

    def run_command(home: Path, *arguments: str) -> Any:
        monkeypatch.setenv("STAFFORD_HOME", str(home))
        return CliRunner().invoke(app, list(arguments))

    return run_command


def test_command_says_where_the_page_is(home: Path, run_command: Callable[..., Any]) -> None:
    """The command writes the page into the home, and says where and whether the run reconciles."""
    said = run_command(home)
    assert said.exit_code == 0, said.output
    assert "every event is accounted for" in said.output
    assert (home / "report.html").stat().st_size > 1_000_000


def test_command_speaks_json(home: Path, run_command: Callable[..., Any]) -> None:
    """With --json it prints one object: true, false, or null where nobody has reconciled."""
    path = home / "reconciliation.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    page = home.resolve() / "report.html"
    verdicts = [True, False, None]
    for verdict in verdicts:
        path.write_text(json.dumps(document | {"reconciled": verdict}), encoding="utf-8")
        if verdict is None:
            path.unlink()
        facts = json.loads(run_command(home, "--json").output)
        assert facts == {"path": str(page), "bytes": page.stat().st_size, "reconciled": verdict}


def test_command_opens_the_page_when_asked(
    home: Path, run_command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --open, and only then, the browser is given the page."""
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    run_command(home)
    assert opened == []
    run_command(home, "--open")
    assert opened == [(home.resolve() / "report.html").as_uri()]


def test_command_without_marts_says_what_to_run(tmp_path: Path, run_command: Callable[..., Any]) -> None:
    """In an empty home the command fails with the command to run first, and leaves no page."""
    said = run_command(tmp_path)
    assert isinstance(said.exception, ConfigError)
    assert "stafford demo" in str(said.exception)
    assert not (tmp_path / "report.html").exists()
