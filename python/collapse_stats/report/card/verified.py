"""Whether files are those that a card names: their digests are computed again."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Literal

from ...corpus.provenance.file_digest import sha256_of
from ...errors import InputError
from ...readers.head import digest_of
from ..grid import DASH, Cell, Column, Emphasis, Grid, Page
from ..json_object import Json

Found = Literal["same", "same ends", "changed", "missing", "no digest"]
FOUND: tuple[Found, ...] = ("changed", "missing", "no digest", "same ends", "same")
_THREADS = 4
_EMPHASIS: dict[Found, Emphasis] = {"changed": "worse", "missing": "worse"}


@dataclass(frozen=True, slots=True)
class VerifiedSource:
    """A source of a card, and what was found of it.

    Attributes
    ----------
    path
        The source, as the card names it.
    found
        ``same``: all bytes are. ``same ends``: the card has a digest of the size and the ends only,
        and that is the same. ``changed``, ``missing``. ``no digest``: the card has none.
    file
        The file that was read; None if there was none.
    """

    path: str
    found: Found
    file: Path | None

    @property
    def is_wrong(self) -> bool:
        """Whether the file is another than the one that was counted, or is not there."""
        return self.found in ("changed", "missing")


def verified(sources: Sequence[Json], folder: Path) -> list[VerifiedSource]:
    """Read the files of a card's sources again, in the order of the card.

    A source is looked for in the folder under its path, and then under the ends of its path, the
    longest first.

    Raises
    ------
    InputError
        The folder is none.
    """
    if not folder.is_dir():
        raise InputError(f"--verify {folder}: expected the directory with the files of the card")
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(partial(_verified, folder), sources))


def _verified(folder: Path, source: Json) -> VerifiedSource:
    path, sha256, ends = source["path"], source["sha256"], source["sha256_of_ends"]
    if sha256 is None and ends is None:
        return VerifiedSource(path, "no digest", None)
    file = _file(folder, path)
    if file is None:
        return VerifiedSource(path, "missing", None)
    if sha256 is not None:
        return VerifiedSource(path, "same" if sha256_of(file) == sha256 else "changed", file)
    return VerifiedSource(path, "same ends" if digest_of(file) == ends else "changed", file)


def _file(folder: Path, path: str) -> Path | None:
    parts = [part for part in PurePath(path).parts if part != "/"]
    for first in range(len(parts)):
        if ".." not in parts[first:]:
            file = folder.joinpath(*parts[first:])
            if file.is_file():
                return file
    return None


def verified_page(sources: Sequence[VerifiedSource], folder: Path) -> Page:
    """Return the page of what was found; what is wrong comes first."""
    ranked = sorted(sources, key=lambda each: FOUND.index(each.found))
    columns = [
        Column(("source",), number=False, one_line=True),
        Column(("found",), number=False),
        Column(("file",), number=False, one_line=True, optional=1),
    ]
    rows = [
        [
            Cell(each.path),
            Cell(each.found, _EMPHASIS.get(each.found, "plain")),
            Cell(str(each.file) if each.file else DASH),
        ]
        for each in ranked
    ]
    numbers = {found: sum(each.found == found for each in sources) for found in FOUND}
    told = ", ".join(f"{number:,} {found}" for found, number in numbers.items() if number)
    return Page(
        [Grid(columns, rows)],
        head=f"{folder}: of {len(sources):,} sources, {told}",
        tail=(
            "same: all bytes are those that were counted. same ends: the size, the first and the "
            "last MiB are; the card has no digest of the rest.",
        )
        if numbers["same ends"]
        else (),
    )
