"""The pages that users read, and the pieces of them that tests look at. Nothing is checked here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.fa.md")
PAGES = sorted(
    str(path.relative_to(ROOT))
    for path in (*ROOT.glob("README*.md"), ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md"))
)

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\|(.+)\|$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block, with the page and line where it begins."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def read(page: str) -> str:
    """The whole page."""
    return (ROOT / page).read_text(encoding="utf-8")


def prose(page: str) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", read(page))


def blocks(*languages: str) -> list[Block]:
    """The fenced blocks of all pages in these languages, or in any."""
    found = (
        Block(page, text.count("\n", 0, fence.start()) + 1, fence[1], fence[2])
        for page in PAGES
        for text in (read(page),)
        for fence in _FENCE.finditer(text)
    )
    return [block for block in found if not languages or block.language in languages]


def section(page: str, heading: str) -> str:
    """The text under a heading, up to the next heading of any depth."""
    _, found, rest = read(page).partition(f"# {heading}\n")
    assert found, f"{page} has no heading {heading!r}"
    return re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row in a text, headers left out."""
    cells = [[cell.strip() for cell in row[1].split("|")] for row in _ROW.finditer(text)]
    return [
        row for row, below in zip(cells, [*cells[1:], [""]], strict=True) if not _is_rule(row) and not _is_rule(below)
    ]


def named_rows(text: str) -> dict[str, list[str]]:
    """The rows whose first cell is one name in code: the name to the other cells."""
    return {row[0].strip("`"): row[1:] for row in rows(text) if re.fullmatch(r"`[^`]+`", row[0])}


def _is_rule(row: list[str]) -> bool:
    return all(re.fullmatch(":?-+:?", cell) for cell in row)
