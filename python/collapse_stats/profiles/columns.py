"""The spectra and the sample of a profile as Parquet files, read and written as a whole."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..corpus.sample import Sample
from ..corpus.split import group_of
from ..counting.parquet_part import count_names
from ..counting.saved_file import LAYOUT_KEY, layout_text
from ..ngrams.layout import Layout
from ..ngrams.spectrum import HALVES, NO_HALVES, JointSpectra, JointSpectrum, Masks

if TYPE_CHECKING:
    import pyarrow as pa

COUNTED_KEY = b"collapse_stats.counted"  # in the metadata of spectra, see `manifest.counted`
CHOSEN_KEY = b"collapse_stats.chosen"  # in the metadata of the sample, see `manifest.chosen`
UNTIL_KEY = b"collapse_stats.until"  # likewise, `Sample.until` in decimal digits, if there is one
_KINDS = ("ngram", "context")
_MOST = 1 << 62  # of the counts and types of a spectrum, so that the sum of two is none too large


def spectra_to_parquet(spectra: JointSpectra, layout: Layout, counted: str) -> memoryview:
    """Return spectra as a Parquet file; `counted` says of what they are."""
    import pyarrow as pa

    kinds: list[str] = []
    names = ("order", *count_names(layout), "types")
    columns: dict[str, list[npt.NDArray[np.unsignedinteger]]] = {name: [] for name in names}
    for kind, by_order in zip(_KINDS, (spectra.ngrams, spectra.contexts), strict=True):
        for order, pairs in by_order.items():
            (joint,) = pairs.values()
            kinds += [kind] * len(joint.types)
            columns["order"].append(np.full(len(joint.types), order, dtype=np.uint8))
            for name, counts in zip(count_names(layout), (joint.a, joint.b), strict=False):
                columns[name].append(counts)
            columns["types"].append(joint.types)
    joined = {"kind": pa.array(kinds, pa.string())}
    types = {"order": np.uint8}
    empty = {name: np.empty(0, types.get(name, np.uint64)) for name in names}
    joined |= {name: np.concatenate([empty[name], *parts]) for name, parts in columns.items()}
    metadata = {LAYOUT_KEY: layout_text(layout).encode(), COUNTED_KEY: counted.encode()}
    return _to_parquet(joined, metadata)


def spectra_from_parquet(content: bytes, layout: Layout, counted: str) -> JointSpectra:
    """Return the spectra in a Parquet file; ValueError if it is another, or they cannot be."""
    names = ("order", *count_names(layout), "types")
    read = _from_parquet(
        content,
        {"kind": "string", "order": "uint8"} | dict.fromkeys(names[1:], "uint64"),
        {LAYOUT_KEY: layout_text(layout), COUNTED_KEY: counted},
    )
    kind = np.asarray(read["kind"].to_pylist(), dtype="U7")
    order, *counts, types = (integers(read[name].combine_chunks()) for name in names)
    a, b = counts if len(counts) == 2 else (counts[0], np.zeros_like(counts[0]))
    masks: Masks = HALVES[0] if layout.labels == 2 else NO_HALVES[0]
    known = np.isin(kind, _KINDS) & (order >= 1) & (order <= layout.max_order)
    if not known.all():
        row = int(np.argmin(known))
        raise ValueError(f"row {row:,} is of kind {kind[row]!r} and order {order[row]}")

    def of_kind(name: str) -> dict[int, dict[Masks, JointSpectrum]]:
        rows_of = {n: (kind == name) & (order == n) for n in range(1, layout.max_order + 1)}
        return {
            n: {masks: _checked(JointSpectrum(a[rows], b[rows], types[rows]), f"{name}s of {n}")}
            for n, rows in rows_of.items()
        }

    return JointSpectra(of_kind("ngram"), of_kind("context"))


def _checked(joint: JointSpectrum, what: str) -> JointSpectrum:
    """The joint spectrum; ValueError if it is not as `JointSpectrum` describes it."""
    columns = (joint.a, joint.b, joint.types)
    if any(int(column.max(initial=0)) > _MOST for column in columns):
        raise ValueError(f"the counts of the {what} are greater than 2**62")
    if not (joint.types > 0).all() or not ((joint.a | joint.b) > 0).all():
        raise ValueError(f"the {what} have a row without counts or types")
    rises = (np.diff(joint.a.astype(np.int64)) > 0) | (
        (np.diff(joint.a.astype(np.int64)) == 0) & (np.diff(joint.b.astype(np.int64)) > 0)
    )
    if not rises.all():
        raise ValueError(f"the {what} are not in the order of their counts")
    return joint


def sample_to_parquet(sample: Sample, layout: Layout, chosen: str) -> memoryview:
    """Return a sample as a Parquet file; `chosen` says how its documents were."""
    import pyarrow as pa

    offsets = np.concatenate([[0], np.cumsum(sample.length)]).astype(np.int64)
    tokens = pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(sample.tokens))
    columns = {"hash": sample.hash, "tokens": tokens}
    if sample.key is not None:
        columns["key"] = sample.key
    metadata = {LAYOUT_KEY: layout_text(layout).encode(), CHOSEN_KEY: chosen.encode()}
    if sample.until is not None:
        metadata[UNTIL_KEY] = str(sample.until).encode()
    return _to_parquet(columns, metadata)


def sample_from_parquet(content: bytes, layout: Layout, chosen: str) -> Sample:
    """Return the sample in a Parquet file; ValueError if it is another, or cannot be one."""
    types = {"hash": "uint64", "tokens": "large_list<element: uint32>"}
    metadata = {LAYOUT_KEY: layout_text(layout), CHOSEN_KEY: chosen}
    read = _from_parquet(content, types, metadata, {"key": "uint64"})
    lists = read["tokens"].combine_chunks()
    hashes, tokens = integers(read["hash"].combine_chunks()), integers(lists.values)
    offsets = integers(lists.offsets).astype(np.int64)
    if lists.null_count or lists.values.null_count:
        raise ValueError("a document or a token of the sample is missing")
    if (hashes[1:] < hashes[:-1]).any():
        raise ValueError("the documents are not in the order of their hashes")
    if len(tokens) and int(tokens.max()) >= layout.vocab_size:
        raise ValueError(
            f"token id {tokens.max():,} is outside the vocabulary of {layout.vocab_size:,}"
        )
    key = integers(read["key"].combine_chunks()) if "key" in read.column_names else None
    if key is not None and (group_of(key) != group_of(hashes)).any():
        raise ValueError("a document of the sample is in another group than its key")
    until = _until((read.schema.metadata or {}).get(UNTIL_KEY), hashes)
    return Sample(hashes, np.diff(offsets), tokens[offsets[0] : offsets[-1]], key, until)


def _until(text: bytes | None, hashes: npt.NDArray[np.uint64]) -> int | None:
    """The hash of the first document that is not in a sample; ValueError if it cannot be."""
    if text is None:
        return None
    least = int(hashes[-1]) if len(hashes) else 0
    if not text.isdigit() or not least <= int(text) < 1 << 64:
        raise ValueError(
            f"expected the hash of the next document to be {least} or more, got {text[:30]!r}"
        )
    return int(text)


def _to_parquet(columns: dict[str, Any], metadata: dict[bytes, bytes]) -> memoryview:
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = pa.BufferOutputStream()
    pq.write_table(
        pa.table(columns, metadata=metadata),
        content,
        compression="zstd",
        compression_level=1,
        write_statistics=False,
        write_page_checksum=True,
    )
    return memoryview(content.getvalue())


def _from_parquet(
    content: bytes,
    types: dict[str, str],
    metadata: dict[bytes, str],
    optional: Mapping[str, str] = MappingProxyType({}),
) -> "pa.Table":
    """Read a Parquet file; ValueError unless it has these columns, without nulls, and metadata.

    Columns that are `optional` may be missing.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:  # not `pq.read_table`, which loads pandas where it is installed
        with pq.ParquetFile(pa.BufferReader(content)) as file:
            # In threads of Arrow, the content could be let go after the interpreter has ended.
            table = file.read(use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise ValueError(f"it cannot be read ({error})") from error
    for key, expected in metadata.items():
        found = (table.schema.metadata or {}).get(key, b"none").decode(errors="replace")
        if found != expected:
            raise ValueError(f"expected the content of {expected}, got that of {found}")
    present = {name: kind for name, kind in optional.items() if name in table.column_names}
    for name, expected in (types | present).items():
        found = str(table.schema.field(name).type) if name in table.column_names else "none"
        if found != expected or table[name].null_count:
            raise ValueError(f"expected a column {name!r} of {expected} without nulls, got {found}")
    return table


def integers(array: "pa.Array") -> npt.NDArray[Any]:
    """Return an Arrow array without nulls as a NumPy array.

    `to_numpy` would load pandas, which takes 0.3 s, where it is installed.
    """
    return np.from_dlpack(array)
