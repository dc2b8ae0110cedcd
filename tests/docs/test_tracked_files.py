"""Nothing in version control ties the project to one machine or one registry."""

import re
from pathlib import Path

import pytest
from tests.docs.shell import list_files

# Put together from parts, so that this file does not hold what it looks for.
HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("maven", "org"),
        ("maven", "apache", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("deb", "debian", "org"),
        ("conda", "anaconda", "org"),
    )
]
FOLDERS = ("work", "root", "home", "Users")
FORBIDDEN = {
    "a registry's host name": re.compile("|".join(rf"(?<![\w-]){re.escape(host)}\b" for host in HOSTS)),
    "a path of one machine": re.compile(
        rf"(?<![\w.~/$}}-])/(?:{'|'.join(FOLDERS)})/[\w.-]|(?<![\w/])/tm[p]/w/|\b[A-Z]:\\+Users\\+\w"
    ),
}


def find_ties(name: str, text: str) -> list[str]:
    """Lines that name a registry or a path of one machine."""
    return [
        f"{name}:{number}: {what}"
        for number, line in enumerate(text.splitlines(), start=1)
        for what, pattern in FORBIDDEN.items()
        if pattern.search(line)
    ]


def test_no_file_is_tied_to_a_machine() -> None:
    """No text that is committed names a package registry or a path of somebody's machine."""
    ties = []
    for path in list_files():
        try:
            ties += find_ties(path.name, path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue  # an image
    assert not ties, "\n".join(ties)


@pytest.mark.parametrize(
    "line",
    [
        f"see https://{HOSTS[0]}/project/stafford",
        f"repo1.{HOSTS[2]}/maven2",
        f"cd /{FOLDERS[0]}/main",
        f"open /{FOLDERS[3]}/ada/stafford",
        f"C:\\{FOLDERS[3]}\\ada",
    ],
)
def test_a_tie_is_found(line: str) -> None:
    """Negative control: each kind is named with its line."""
    assert find_ties("a.md", f"fine\n{line}")[0].startswith("a.md:2: ")


@pytest.mark.parametrize(
    "line", ["~/stafford", "data/home/kafka", "lake.org", "docs/work/notes.md", "/usr/lib/jvm"]
)
def test_what_is_no_tie_passes(line: str) -> None:
    """Relative paths and the system's own folders are all right."""
    assert find_ties("a.md", line) == []


def test_nothing_large_is_committed() -> None:
    """Data and jars stay out: no file has more than a megabyte."""
    large = [path for path in list_files() if path.stat().st_size > 1_000_000]
    assert large == [], [str(Path(path)) for path in large]
