"""Reads the Markdown pages of the project: their fenced blocks, and where their links lead."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stafford.settings import PROJECT_DIR

COMMANDS = {"sh", "bash", "powershell", "console"}
"""Languages of blocks that a reader types. In `console` a `$` begins a command and the rest is its output."""

SHOWN = {
    "text",
    "python",
    "sql",
    "yaml",
    "json",
    "toml",
    "ini",
    "diff",
    "html",
    "xml",
    "java",
    "makefile",
    "dotenv",
    "mermaid",
}
"""Languages of blocks that a reader only looks at."""

_FENCE = re.compile(r"(?P<indent>\s*)(?P<fence>```+|~~~+)\s*(?P<language>[\w+-]*)")
_EXCUSE = re.compile(r"\s*<!--\s*not run:\s*(\S.*?)\s*-->\s*")
_LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(\s*<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_ATTRIBUTE = re.compile(r"(?:src|href|srcset)=\"([^\"\s]+)")
_CODE = re.compile(r"`[^`\n]*`")
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; `line` is the one of its opening fence, from 1."""

    page: str
    line: int
    language: str
    text: str
    excuse: str | None
    """Why nothing runs it, when a comment directly above says so."""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """What a reader types, a command a line; continued lines are one."""
        text = self.text
        if self.language == "console":
            text = "\n".join(line[2:] for line in text.splitlines() if line.startswith("$ "))
        joined = re.sub(r"\\\n\s*", " ", text)
        stripped = (line.strip() for line in joined.splitlines())
        return [line for line in stripped if line and not line.startswith("#")]


def list_pages(root: Path = PROJECT_DIR) -> list[str]:
    """The README and all pages below docs/, as paths below the project with forward slashes."""
    pages = [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").rglob("*.md"))]
    return [page.relative_to(root).as_posix() for page in pages if page.exists()]


def read_blocks(page: str, text: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    blocks: list[Block] = []
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        opening = _FENCE.match(lines[number])
        if opening is None:
            number += 1
            continue
        closing = number + 1
        while closing < len(lines) and lines[closing].strip() != opening["fence"]:
            closing += 1
        excuse = _EXCUSE.fullmatch(lines[number - 1]) if number else None
        body = (line.removeprefix(opening["indent"]) for line in lines[number + 1 : closing])
        blocks.append(
            Block(page, number + 1, opening["language"], "\n".join(body), excuse[1] if excuse else None)
        )
        number = closing + 1
    return blocks


def read_page(page: str, root: Path = PROJECT_DIR) -> list[Block]:
    """The fenced blocks of a page of the project."""
    return read_blocks(page, (root / page).read_text(encoding="utf-8"))


def find_links(text: str) -> Iterator[tuple[int, str]]:
    """Line and target of each relative link and image; what stands in code is no link."""
    fence = ""
    for number, line in enumerate(text.splitlines(), start=1):
        mark = _FENCE.match(line)
        if mark and (not fence or line.strip() == fence):
            fence = "" if fence else mark["fence"]
            continue
        if fence:
            continue
        prose = _CODE.sub("``", line)
        for target in (*_LINK.findall(prose), *_ATTRIBUTE.findall(prose)):
            if not _ABSOLUTE.match(target):
                yield number, target


def find_headings(text: str) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    prose = re.sub(r"(?ms)^\s*(```+|~~~+).*?^\s*\1\s*$", "", text)
    headings = re.findall(r"(?m)^#{1,6}\s+(.+?)\s*$", prose)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
