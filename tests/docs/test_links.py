"""Every relative link and image in the pages leads somewhere."""

import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest
from tests.docs.pages import find_headings, find_links, list_pages
from tests.docs.shell import list_files

from stafford.settings import PROJECT_DIR

PAGES = [*list_pages(), "CHANGELOG.md"]


def find_broken(page: str, root: Path = PROJECT_DIR) -> list[str]:
    """Links of a page that lead nowhere: no such file, not one that is committed, or no such heading."""
    known = {path.resolve() for path in list_files(root)}
    folders = {folder for path in known for folder in path.parents}
    broken = []
    for line, target in find_links((root / page).read_text(encoding="utf-8")):
        name, _, anchor = unquote(target).partition("#")
        path = ((root / page).parent / name).resolve() if name else (root / page).resolve()
        if path not in known | folders:
            broken.append(f"{page}:{line}: {target} is not there, or not in version control")
        elif (
            anchor and path.suffix == ".md" and anchor not in find_headings(path.read_text(encoding="utf-8"))
        ):
            broken.append(f"{page}:{line}: {name or page} has no heading #{anchor}")
    return broken


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """No link of the page is broken."""
    assert find_broken(page) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    """Negative control: a missing file, image, heading and ignored file are named, and nothing else."""
    page = tmp_path / "page.md"
    page.write_text(
        "# One heading\n[good](page.md#one-heading) [far](https://example.org/x) `[code](gone.md)`\n"
        "[bad](gone.md)\n![bad](images/gone.svg)\n[bad](#another-heading)\n[bad](data/kept.txt)\n"
        '<img src="gone.png">\n```text\n[shown](gone.md)\n```\n'
    )
    (tmp_path / ".gitignore").write_text("/data/\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "kept.txt").write_text("ignored")
    make_repository(tmp_path)
    assert [problem.split(": ")[0] for problem in find_broken("page.md", tmp_path)] == [
        f"page.md:{line}" for line in (3, 4, 5, 6, 7)
    ]


def make_repository(root: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
