"""``inspect``: how files are read, and why."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from ...errors import InputError
from ...profiles.build import load
from ...profiles.storage import is_profile
from ...readers.alike import keys_apart
from ...readers.directory.metadata import is_metadata
from ...readers.discover import discover
from ...readers.inspect import Inspection
from ...readers.inspect import inspect as inspect_file
from ...readers.listing import Files
from ...readers.options import ReadOptions
from ...readers.remote.location import Location, Name
from ...report.rows import write_rows
from ...report.views.inspection import has_uncounted_text, inspection_page
from ...system.wording import counted
from ...tokenizers import Tokenizer
from ...tokenizers import load as load_tokenizer
from ..options import exit_2_if, reading_options
from ..output import is_seen, output_options, write_result
from ..paths import paths_argument
from ..progress import Reporter

SCHEMA = "collapse-stats.inspect/1"
_SAMPLE = 512 << 20  # bytes that are read of all files together,
_LEAST, _MOST = 1 << 20, 64 << 20  # of each file at least, and at most


@click.command()
@paths_argument("paths", "PATH")
@click.option("--full", is_flag=True, help="Read large files completely, not only a sample.")
@output_options
@reading_options
def inspect(
    paths: tuple[Location, ...],
    full: bool,
    form: str,
    output: Path | None,
    reading: ReadOptions,
) -> None:
    """Show how files are read, what is in them and what may go wrong.

    Only the beginning of a large file is read, and its figures are estimates. Tokens of text are
    counted only with --tokenizer.
    """
    named = reading.tokenizer not in (None, "none")
    tokenizer = load_tokenizer(str(reading.tokenizer)) if named else None
    with Reporter() as reporter:
        found = _Found(paths, reading)
        bad = found.inspect(tokenizer, full, reporter)
        page = inspection_page(found.inspections, found.files.left_out)
        page = replace(page, warnings=[*found.warnings(), *page.warnings])
        if not is_seen(form, output):
            for warning in [*found.files.left_out_warning(), *page.warnings]:
                reporter.warn(warning)
    with exit_2_if(bad, not reading.skip_bad):
        write_result(found.as_json(), page, form, output, lambda all_: write_rows(all_["inputs"]))


class _Found:
    """What was found in the paths, in their order."""

    def __init__(self, paths: Sequence[Location], reading: ReadOptions) -> None:
        self.inspections: list[Inspection] = []
        self._reading = reading
        corpora = [path for path in paths if not is_profile(path)]
        self._profiles = [path for path in paths if is_profile(path)]
        self.files = discover(corpora, None, reading) if corpora else Files()

    def inspect(self, tokenizer: Tokenizer | None, full: bool, reporter: Reporter) -> list[str]:
        """Inspect each input, and list those that cannot be read; if it is the only one, raise."""
        names = self.files.names
        budget = None if full else min(_MOST, max(_LEAST, _SAMPLE // max(1, len(names))))
        bad: list[str] = []
        for path in self._profiles:
            self.inspections.append(_of_profile(path))
        for folder, what in self.files.unreadable.items():
            bad.append(folder)
            self.inspections.append(_of_unreadable(folder, what))
        for name in names:
            with reporter.task(f"reading {name}"):
                try:
                    self._inspect_file(name, tokenizer, budget)
                except InputError as error:
                    if len(names) + len(self._profiles) + len(self.files.unreadable) == 1:
                        raise
                    bad.append(str(name))
                    self.inspections.append(_of_unreadable(str(name), str(error)))
        return bad

    def _inspect_file(self, name: Name, tokenizer: Tokenizer | None, budget: int | None) -> None:
        doubtful = self.files.doubtful
        if doubtful.get(name) and is_metadata(name, self._reading, whatever_it_holds=True):
            self.files.turned_out_metadata(name)
            return
        try:
            self.inspections.append(inspect_file(name, self._reading, tokenizer, budget))
        except InputError:
            is_last = not self.inspections and name == self.files.names[-1]
            if is_last or name not in doubtful or not is_metadata(name, self._reading):
                raise
            self.files.turned_out_metadata(name)

    def warnings(self) -> list[str]:
        """What would go wrong with the files together."""
        limit = self._reading.limit_documents
        doubts = [*self.files.doubts(), *_disagreements(self.inspections)]
        if limit is None:
            return doubts
        first = counted(limit, "document")
        return [f"only the first {first} would be read (--limit-documents)", *doubts]

    def as_json(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "inputs": [_facts(inspection) for inspection in self.inspections],
            "left_out": [
                {"path": str(path), "reason": reason.of_one} for path, reason in self.files.left_out
            ],
        }


def _disagreements(inspections: Sequence[Inspection]) -> list[str]:
    """Warnings of files that are no one corpus, or are not read alike."""
    by_kind: dict[bool, list[Inspection]] = {}
    for each in inspections:
        if each.reads is not None:
            by_kind.setdefault(each.reads.holds == "ids", []).append(each)
    if len(by_kind) == 2:
        text, ids = by_kind[False][0].path, by_kind[True][0].path
        return [f"a corpus must be all text or all token ids: {text} is text, {ids} has ids"]
    return keys_apart((each.path, tuple(each.reads.keys)) for each in inspections if each.reads)


def _of_profile(path: Location) -> Inspection:
    profile = load(str(path))
    return Inspection(
        path=str(path),
        format="profile",
        evidence="has a manifest.json",
        dtype=None,
        tokens=profile.tokens,
        documents=profile.documents,
        max_id=None,
        vocab_size=profile.vocab_size,
        warnings=["a profile does not keep its largest id", *profile.warnings],
    )


def _of_unreadable(path: str, error: str) -> Inspection:
    return Inspection(
        path=path,
        format="unreadable",
        evidence="see the warning",
        dtype=None,
        tokens=None,
        documents=0,
        max_id=None,
        vocab_size=None,
        warnings=[error],
    )


def _facts(inspection: Inspection) -> dict[str, Any]:
    """An inspection as JSON."""
    facts = asdict(inspection)
    facts["boundary_ids"] = {str(i): count for i, count in inspection.boundary_ids.items()}
    if has_uncounted_text(inspection):
        hint = "tokens of text are counted only with --tokenizer"
        facts["warnings"] = [*inspection.warnings, hint]
    return facts
