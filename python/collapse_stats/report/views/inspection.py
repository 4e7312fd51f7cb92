"""The page of ``inspect``: what files are, what is counted of them and what not."""

import os
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from ...readers.alike import joined
from ...readers.directory.reasons import LeftOut, grouped, some
from ...readers.inspect import Inspection, Reads
from ...readers.remote.location import is_url
from ...system.wording import counted
from ..grid import DASH, Cell, Column, Grid, Page, printable
from ..numbers import size_of

MOST = 24  # lines of a table of files
_FIRST, _LAST = 8, 3  # files that are shown of more


def inspection_page(inspections: Sequence[Inspection], left_out: Sequence[LeftOut]) -> Page:
    """Return the page: a line for each file, what becomes a document, and what is left out."""
    folder = common_folder([each.path for each in inspections])
    grids = [_read(inspections), _files(inspections, folder)]
    if any(_has_ids(each) for each in inspections):
        grids.append(_vocabularies(inspections, folder))
    if left_out:
        grids.append(_left_out(left_out))
    found = ((each.path, text) for each in inspections for text in each.warnings)
    warnings = list(map(printable, joined(found)))
    if folder:  # the head of the page has it
        warnings = [warning.replace(f"{folder}/", "") for warning in warnings]
    size = size_of(sum(each.bytes for each in inspections))
    number = counted(len(inspections), "file")
    head = f"{number}, {size}" + (f", in {printable(folder)}" if folder else "")
    return Page(grids, head=head, warnings=warnings, tail=_notes(inspections))


def common_folder(paths: Sequence[str]) -> str:
    """Return the folder or prefix that several paths have in common; "" if there is none."""
    if len(paths) < 2:
        return ""
    remote = [is_url(path) for path in paths]
    if all(remote):
        parts = zip(*(path.split("/")[:-1] for path in paths), strict=False)
        common = [each[0] for each in takewhile(lambda each: len({*each}) == 1, parts)]
        return "/".join(common) if len(common) > 2 else ""
    if any(remote):
        return ""
    folder = os.path.commonpath([Path(path).absolute().parent for path in paths])
    return "" if folder == Path(folder).anchor else folder


def _files(inspections: Sequence[Inspection], folder: str) -> Grid:
    """A line for each file; of many, the first and the last, with what there is between them."""
    with_tokens = any(each.tokens is not None for each in inspections)
    with_ids = any(each.max_id is not None for each in inspections)
    columns = [
        Column(("file",), number=False, one_line=True),
        Column(("format",), number=False),
        Column(("read of it",), number=False, one_line=True),
        Column(("documents",)),
        *([Column(("tokens",))] if with_tokens else []),
        *([Column(("largest id",))] if with_ids else []),
    ]

    def row(name: str, form: str, reads: str, group: Sequence[Inspection]) -> list[Cell]:
        about = "~" if any(each.sampled is not None for each in group) else ""
        known = [each.tokens for each in group if each.tokens is not None]
        tokens = f"{about}{sum(known):,}" if known else DASH
        largest = [each.max_id for each in group if each.max_id is not None]
        cells = [Cell(name), Cell(form), Cell(reads)]
        is_read = any(each.format != "unreadable" for each in group)
        documents = f"{about}{sum(each.documents for each in group):,}" if is_read else DASH
        cells.append(Cell(documents))
        cells += [Cell(tokens)] if with_tokens else []
        cells += [Cell(f"{max(largest):,}" if largest else DASH)] if with_ids else []
        return cells

    def line(each: Inspection) -> list[Cell]:
        return row(_name(each, folder), each.format, _brief(each), [each])

    shown, hidden, last = _parted(inspections)
    rows = [line(each) for each in shown]
    if hidden:
        rows.append(row(f"... {len(hidden):,} more files ...", "", "", hidden))
    rows += [line(each) for each in last]
    if len(inspections) > 1:
        rows.append(row(f"all {len(inspections):,} files", "", "", inspections))
    return Grid(columns, rows)


def _parted(
    inspections: Sequence[Inspection],
) -> tuple[Sequence[Inspection], Sequence[Inspection], Sequence[Inspection]]:
    """The files to show first, those not to show, and those to show last."""
    if len(inspections) <= MOST:
        return inspections, (), ()
    return inspections[:_FIRST], inspections[_FIRST:-_LAST], inspections[-_LAST:]


def _read(inspections: Sequence[Inspection]) -> Grid:
    """What becomes a document, and what is not read, for all files that are alike."""
    groups: dict[tuple[str, Reads | None], list[Inspection]] = {}
    for each in inspections:
        groups.setdefault((each.format, each.reads), []).append(each)
    rows = []
    for (form, reads), group in groups.items():
        what = DASH if reads is None else sentence(reads)
        cells = f"{len(group):,}", f"{form}: {group[0].evidence}", what
        rows.append([Cell(printable(cell)) for cell in cells])
    columns = [
        Column(("files",)),
        Column(("taken for that because",), number=False),
        Column(("what is counted",), number=False),
    ]
    return Grid(columns, rows)


def sentence(reads: Reads) -> str:
    """Return what is read in words: ``each row is a document: its text in 'text'``."""
    what = {"text": "its text", "chat": "its chat", "ids": "its ids"}[reads.holds]
    keys = " and ".join(f"'{key}'" for key in reads.keys)
    said = f"{reads.document} is a document" + (f": {what} in {keys}" if keys else "")
    said += f", where '{reads.mask}' is not 0" if reads.mask else ""
    return said + (f"; not read: {some(reads.not_read, 8)}" if reads.not_read else "")


def _brief(each: Inspection) -> str:
    """The key, what it holds if that is no text, and the type of ids."""
    if each.reads is None:
        return DASH
    key = " + ".join(each.reads.keys)
    words = [key, "chat" if each.reads.holds == "chat" else "", each.dtype or ""]
    return printable(", ".join(filter(None, words))) or each.reads.document.removeprefix("each ")


def _vocabularies(inspections: Sequence[Inspection], folder: str) -> Grid:
    shown, hidden, last = _parted([each for each in inspections if _has_ids(each)])
    rows = []
    for each in (*shown, None, *last) if hidden else shown:
        if each is None:
            rows.append([Cell(f"... {len(hidden):,} more files ..."), Cell(""), Cell("")])
            continue
        marks = ", ".join(f"{i}: {count:,} times" for i, count in each.boundary_ids.items())
        rows.append([Cell(_name(each, folder)), Cell(marks or DASH), Cell(_vocabulary(each))])
    columns = [
        Column(("file",), number=False, one_line=True),
        Column(("boundary ids",), number=False),
        Column(("vocabulary",), number=False),
    ]
    return Grid(columns, rows)


def _left_out(left_out: Sequence[LeftOut]) -> Grid:
    rows = [
        [
            Cell(f"{len(names):,}"),
            Cell(reason.of_one if len(names) == 1 else reason.of_several),
            Cell(printable(some(names, 8))),
        ]
        for reason, names in grouped(left_out).items()
    ]
    columns = [
        Column(("left out",)),
        Column(("why",), number=False),
        Column(("names",), number=False),
    ]
    return Grid(columns, rows)


def _name(each: Inspection, folder: str) -> str:
    if not folder:
        return printable(each.path)
    if is_url(each.path):
        return printable(each.path.removeprefix(f"{folder}/"))
    return printable(os.path.relpath(each.path, folder))


def _has_ids(each: Inspection) -> bool:
    return each.reads is not None and each.reads.holds == "ids"


def _vocabulary(inspection: Inspection) -> str:
    if inspection.vocab_size is not None:
        return f"{inspection.vocab_size:,}"
    if inspection.implied_vocab_size is None:
        return DASH
    name = f" ({inspection.vocabulary})" if inspection.vocabulary else ""
    return f"at least {inspection.implied_vocab_size:,}{name}"


def _notes(inspections: Sequence[Inspection]) -> list[str]:
    notes = []
    shares = [each.sampled for each in inspections if each.sampled is not None]
    if shares:
        notes.append(
            f"~: estimated from the beginning ({min(shares):.1%} of the file, or more); --full "
            "reads all."
        )
    if any(map(has_uncounted_text, inspections)):
        notes.append("To count tokens as well, add --tokenizer builtin.")
    return notes


def has_uncounted_text(inspection: Inspection) -> bool:
    """Whether the tokens of a file are unknown because no tokenizer is given."""
    return inspection.tokens is None and inspection.format != "unreadable"
