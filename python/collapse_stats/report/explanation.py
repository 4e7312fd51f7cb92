"""What docs/metrics.md says of a figure; the package has that page as data."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources

from ..errors import InputError
from ..system.suggestion import did_you_mean

TABLES = "What the tables"  # begins the heading of the section on headings of tables
_HEADING = re.compile(r"#{2,} (.+)")
_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_ENDINGS = re.compile(r"(_se|_floor|_low|_high|_[1-9]\d*|_bits|_divergence)$")
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LEAST = 3  # letters of a name that stands for all names that begin with it


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table, with the headings of its columns."""

    headings: tuple[str, ...]
    cells: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """What the row is about: the code in its first cell, without arguments."""
        found = _CODE.findall(self.cells[0]) or [self.cells[0]]
        return [name.partition("(")[0] for name in found]

    @property
    def lines(self) -> list[str]:
        """The row, each cell after the first behind the heading of its column."""
        columns = zip(self.headings[1:], self.cells[1:], strict=False)
        filled = (f"  {_plain(heading)}: {_plain(cell)}" for heading, cell in columns if cell)
        return [_plain(self.cells[0]), *filled]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with the paragraphs and the rows below it."""

    heading: str
    paragraphs: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def names(self) -> list[str]:
        """What the section is about: the topics in its heading."""
        return [self.heading, *re.split(r", | and ", self.heading.partition(":")[0])]

    @property
    def lines(self) -> list[str]:
        """The heading and the paragraphs, without the tables."""
        return [self.heading, *(f"  {paragraph}" for paragraph in self.paragraphs)]


def explain(name: str) -> list[str]:
    """Return what the page says of a figure or a topic: paragraphs, with blank lines between.

    Raises
    ------
    InputError
        when it says nothing of it.
    """
    sections = list(_sections(_page()))
    for is_meant in (_is_one, _begins_with):
        blocks = list(_found(name, sections, is_meant))
        if blocks:
            return [line for block in blocks for line in (*block, "")][:-1]
    known = dict.fromkeys(each for part in sections for row in part.rows for each in row.names)
    raise InputError(
        f"docs/metrics.md says nothing of {name!r}{did_you_mean(name, known)}: give the name of a "
        "figure, its key in JSON or CSV, or its heading in a table, such as entropy, js_bits or "
        "odds"
    )


def topics() -> list[str]:
    """Return what can be explained, as one paragraph for each section."""
    lines = []
    for section in _sections(_page()):
        figures = (row for row in section.rows if _CODE.search(row.cells[0]))
        names = dict.fromkeys(name for row in figures for name in row.names)
        lines.append(f"{section.heading}{': ' if names else ''}{', '.join(names)}")
    return lines


def _page() -> str:
    return resources.files("collapse_stats.data").joinpath("metrics.md").read_text("utf-8")


def _found(
    name: str, sections: Sequence[Section], is_meant: Callable[[str, list[str]], bool]
) -> Iterator[list[str]]:
    """Yield rows about a name, and what they refer to; then the sections with these rows."""
    rows = [(part, row) for part in sections for row in part.rows if is_meant(name, row.names)]
    for part, row in list(rows):
        if part.heading.startswith(TABLES):  # what stands behind a heading
            referred = {each for cell in row.cells[1:] for each in _CODE.findall(cell)}
            rows += [
                (other, each)
                for other in sections
                for each in other.rows
                if other is not part and referred & {*each.names} and (other, each) not in rows
            ]
    yield from (row.lines for _, row in rows)
    for part in sections:
        has_row = any(part is other for other, _ in rows) and not part.heading.startswith(TABLES)
        if has_row or is_meant(name, part.names):
            yield part.lines


def _is_one(name: str, names: list[str]) -> bool:
    return _key(name) in map(_key, names)


def _begins_with(name: str, names: list[str]) -> bool:
    return len(name) >= _LEAST and any(_key(each).startswith(_key(name)) for each in names)


def _key(name: str) -> str:
    """A name without what differs between Python, JSON, CSV and tables: ``js_bits_2`` is ``js``."""
    key = re.sub(r"[\s-]+", "_", name.strip().lower())
    while (shorter := _ENDINGS.sub("", key)) not in (key, ""):
        key = shorter
    return key


def _sections(text: str) -> Iterator[Section]:
    _, *parts = re.split(r"^(?=##+ )", text, flags=re.MULTILINE)
    for part in parts:
        heading, _, body = _BLOCK.sub(_formula, part).partition("\n")
        paragraphs: list[str] = []
        rows: list[Row] = []
        for block in filter(None, map(str.strip, body.split("\n\n"))):
            if block.startswith("|"):
                headings, _, *others = map(_cells, block.splitlines())
                rows += [Row(headings, cells) for cells in others]
            else:
                paragraphs += map(_plain, re.split(r"\n(?=\* )", block))
        yield Section(_plain(heading.lstrip("# ")), tuple(paragraphs), tuple(rows))


def _formula(block: re.Match[str]) -> str:
    """What is said of a block of code: the formula, if it is one."""
    return block[2] if block[1] == "text" else ""


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip().removeprefix("|").split(" |"))


def _plain(markdown: str) -> str:
    """A paragraph in one line, without the marks of Markdown."""
    text = _LINK.sub(r"\1", " ".join(markdown.split()))
    text = re.sub(r"(?<![*\w])\*(\S[^*]*)\*(?!\w)", r"\1", text.replace("**", "").replace("`", ""))
    return text.replace(" •", "").strip()
