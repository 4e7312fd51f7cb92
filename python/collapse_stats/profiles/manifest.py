"""The manifest of a profile: what was counted and how, and what each of its files should be.

docs/profile-format.md describes it. What it says is checked as it is read; `profiles.consistency`
compares it with the other files.
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..corpus.corpus import Source, TokenizerIdentity
from ..corpus.provenance.declaration import ORIGINS
from ..counting.parquet_part import Part
from ..counting.saved_file import Folder, SavedFile, damaged, unreadable
from ..errors import InputError
from ..ngrams.layout import Layout
from ..readers.directory.names import MANIFEST, SAMPLE, SPECTRA
from ..version import __version__
from .data import ProfileData
from .json_field import Field
from .saved_ngram_sample import SavedNgramSample
from .saved_parts import file_content, file_of, part_content, parts_of

VERSION = 2
_SCHEMA = "collapse-stats.profile/"
_BEGINNING = 100  # bytes of a manifest, with its schema
_HALVED_BY = re.compile(r"documents|blocks of (up to )?[1-9]\d* tokens")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says, apart from what is only for people to read.

    Attributes
    ----------
    windows, distinct
        Number of n-grams and of distinct n-grams, by order.
    sample_documents, sample_tokens
        Number of documents (or blocks) and tokens of the sample.
    sample_budget
        Number of tokens that the sample could have.
    parts
        Parts of the table in ascending order; None if the profile has no table.
    ngram_sample
        The sample of n-grams; None if the profile has none.
    """

    name: str
    layout: Layout
    documents: int
    empty_documents: int | None
    windows: dict[int, int]
    distinct: dict[int, int]
    tokenizer: TokenizerIdentity
    boundaries: str
    halved_by: str
    halves_rule: str
    group_key: str | None
    sources: tuple[Source, ...]
    warnings: tuple[str, ...]
    spectra: SavedFile
    sample: SavedFile
    sample_documents: int
    sample_tokens: int
    sample_budget: int
    parts: list[Part] | None
    ngram_sample: SavedNgramSample | None = None

    def write(self, folder: Path) -> None:
        """Write the manifest of a profile."""
        parts = self.parts
        content = {
            "schema": f"{_SCHEMA}{VERSION}",
            "tool": {"name": "collapse-stats", "version": __version__},
            "name": self.name,
            "layout": {
                "vocab_size": self.layout.vocab_size,
                "max_order": self.layout.max_order,
                "halves": self.layout.labels == 2,
            },
            "totals": {
                "documents": self.documents,
                "empty_documents": self.empty_documents,
                "windows": {str(order): number for order, number in self.windows.items()},
                "distinct": {str(order): number for order, number in self.distinct.items()},
            },
            "tokenizer": asdict(self.tokenizer),
            "boundaries": self.boundaries,
            "halved_by": self.halved_by,
            "halves_rule": self.halves_rule,
            "group_key": self.group_key,
            "sources": [asdict(source) for source in self.sources],
            "warnings": list(self.warnings),
            "spectra": file_content(self.spectra),
            "sample": file_content(self.sample)
            | {
                "documents": self.sample_documents,
                "tokens": self.sample_tokens,
                "budget": self.sample_budget,
            },
            "parts": None if parts is None else [part_content(part) for part in parts],
            "ngram_sample": None if self.ngram_sample is None else self.ngram_sample.content,
        }
        content["sha256"] = digest_of(content)
        (folder / MANIFEST).write_text(json.dumps(content, indent=1) + "\n")


def counted(of: ProfileData | Manifest, parts: list[Part] | None) -> str:
    """Return what was counted, as the spectra say it as well: documents, halves, rows of parts."""
    return (
        f"documents={of.documents} empty_documents={of.empty_documents} halved_by={of.halved_by} "
        f"rows={None if parts is None else sum(part.rows for part in parts)}"
    )


def chosen(budget: int, halves_rule: str, group_key: str | None) -> str:
    """Return how the documents of a sample were chosen, as the sample says it as well."""
    return f"budget={budget} halves_rule={halves_rule} group_key={json.dumps(group_key)}"


def digest_of(content: dict[str, Any]) -> str:
    """Return the SHA-256 of a manifest: of all its fields except ``sha256``, as canonical JSON."""
    others = {key: value for key, value in content.items() if key != "sha256"}
    text = json.dumps(others, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def says_it_is_a_profile(folder: Path) -> bool:
    """Return whether a folder has a manifest that begins as that of a profile, of any format."""
    with (folder / MANIFEST).open("rb") as file:
        return _SCHEMA.encode() in file.read(_BEGINNING)


def read_manifest(folder: Folder) -> Manifest:
    """Read the manifest of a profile.

    Raises
    ------
    InputError
        The manifest is not there, damaged, or of another version.
    """
    content = _parsed(folder)
    try:
        schema = Field(content)["schema"].text()
        if schema != f"{_SCHEMA}{VERSION}":
            raise _other_version(folder, schema)
        expected, found = Field(content)["sha256"].sha256(), digest_of(content)
        if found != expected:
            raise ValueError(
                f"expected content with the SHA-256 {expected[:16]}..., got {found[:16]}..."
            )
        return _manifest(Field(content))
    except (ValueError, RecursionError) as error:
        raise damaged(folder, MANIFEST, str(error)) from error


def _parsed(folder: Folder) -> Any:
    try:
        text = (folder / MANIFEST).read_bytes().decode()
        return json.loads(text, object_pairs_hook=_without_repetition, parse_constant=_refuse)
    except OSError as error:
        raise unreadable(folder, MANIFEST, error) from error
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise damaged(folder, MANIFEST, f"expected JSON, got something else ({why})") from error


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for number, key in enumerate(keys) if key in keys[:number])
        raise ValueError(f"the key {twice[:60]!r} occurs twice in one object")
    return content


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _other_version(folder: Folder, schema: str) -> InputError:
    version = re.fullmatch(re.escape(_SCHEMA) + r"(\d{1,9})", schema, re.ASCII)
    if version is None:
        return damaged(folder, MANIFEST, f"expected a schema {_SCHEMA}..., got {schema[:60]!r}")
    remedy = (
        "count the corpus again with this version"
        if int(version[1]) < VERSION
        else "use the version of collapse-stats that wrote it, or a newer one"
    )
    return InputError(
        f"profile {folder} has format {schema!r}, and this version of collapse-stats reads "
        f"{_SCHEMA + str(VERSION)!r} only: {remedy}"
    )


def _manifest(content: Field) -> Manifest:
    """The manifest; ValueError if a field is missing or cannot be."""
    totals, layout = content["totals"], _layout(content["layout"])
    documents, empty = totals["documents"].number(), totals["empty_documents"]
    orders = range(1, layout.max_order + 1)
    halved_by = content["halved_by"].text()
    if not _HALVED_BY.fullmatch(halved_by):
        raise ValueError(f"expected halved_by to be documents or blocks, got {halved_by[:60]!r}")
    for name in ("name", "version"):
        content["tool"][name].text()
    sample, parts, group_key = content["sample"], content["parts"], content["group_key"]
    return Manifest(
        name=content["name"].text(),
        layout=layout,
        documents=documents,
        empty_documents=None if empty.is_null else empty.number(most=documents),
        windows={order: totals["windows"][str(order)].number() for order in orders},
        distinct={order: totals["distinct"][str(order)].number() for order in orders},
        tokenizer=_tokenizer(content["tokenizer"]),
        boundaries=content["boundaries"].text(),
        halved_by=halved_by,
        halves_rule=content["halves_rule"].text(),
        group_key=None if group_key.is_null else group_key.text(),
        sources=tuple(map(_source, content["sources"].items())),
        warnings=tuple(warning.text() for warning in content["warnings"].items()),
        spectra=file_of(content["spectra"], SPECTRA),
        sample=file_of(sample, SAMPLE),
        sample_documents=sample["documents"].number(),
        sample_tokens=sample["tokens"].number(most=sample["budget"].number()),
        sample_budget=sample["budget"].number(),
        parts=None if parts.is_null else parts_of(parts, layout),
        ngram_sample=SavedNgramSample.of_manifest(content.added("ngram_sample"), layout),
    )


def _layout(field: Field) -> Layout:
    labels = 2 if field["halves"].flag() else 1
    return Layout(field["vocab_size"].number(), field["max_order"].number(), labels)


def _tokenizer(field: Field) -> TokenizerIdentity:
    spec, sha256, library = field["spec"].text(), field["sha256"], field["library"]
    if (spec == "none") != sha256.is_null:
        raise ValueError("expected a SHA-256 of every tokenizer, and none where there is none")
    return TokenizerIdentity(
        spec,
        None if sha256.is_null else sha256.sha256(),
        None if library.is_null else library.text(),
    )


def _source(field: Field) -> Source:
    origin, sha256 = field["origin"], field["sha256"]
    return Source(
        path=field["path"].text(),
        format=field["format"].text(),
        bytes=field["bytes"].number(),
        digest=field["digest"].text(),
        error=_text_or_none(field["error"]),
        origin="unknown" if origin.is_null else origin.one_of(ORIGINS),
        sha256=None if sha256.is_null else sha256.sha256(),
        text_bytes=_number_or_none(field["text_bytes"]),
        tokens=_number_or_none(field.added("tokens")),
        documents=_number_or_none(field.added("documents")),
        generator=_text_or_none(field.added("generator")),
        generation=_number_or_none(field.added("generation")),
        license=_text_or_none(field.added("license")),
    )


def _text_or_none(field: Field) -> str | None:
    return None if field.is_null else field.text()


def _number_or_none(field: Field) -> int | None:
    return None if field.is_null else field.number()
