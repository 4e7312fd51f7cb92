"""Tar archives of texts: WebDataset, whose files of one key are a document, and plain ones."""

import json
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from ...errors import InputError
from ..base import BATCH_BYTES, Batch, listed
from ..file_reader import FileReader
from ..options import Kind, ReadOptions
from ..records.batch import Documents
from ..records.chat import BETWEEN_TURNS
from ..records.fields import Fields
from ..records.group_key import no_group_key, no_records
from ..records.values import Probe, fields_of, group_of_record, texts_of
from ..remote.location import Location
from ..repairs import Repairs
from ..small_file import SmallFileReader
from ..splits import Split, SplittableReader
from ..stream import COMPRESSIONS, UTF8_BOM, decode_repaired, read_blocks
from ..streams.encoding import fault_of
from ..streams.tar import Archive, Member

_BLOCK = 1 << 20
_PROBED_FILES, _PROBED_BYTES = 100, 1 << 20
_MOST_KINDS = 20  # kinds of other files that are told apart
_MOST_KEYS = 1 << 20  # keys that are remembered, to notice files of one key that lie apart
_SHARDS = {".jsonl", ".ndjson", ".parquet", ".arrow", ".feather", ".csv", ".tsv", ".mds", ".tar"}
_APART = "files that do not lie beside those of the same key, counted as documents of their own"
_NO_END = "the mark at the end of the archive is missing: it may be cut short"
_NO_CONTENT = "links, devices or files with holes"


class _File(NamedTuple):
    """A file in the archive, and its content."""

    name: str
    data: bytes


class _Sample(NamedTuple):
    """The files of one key."""

    key: str
    objects: list[_File]
    texts: list[_File]


class WebDatasetReader(SplittableReader, FileReader):
    """Documents of a tar archive, compressed or not: one per key.

    The key of a file is its path up to the first dot of its name. The text of the ``.json`` file
    comes first, then that of the ``.txt`` file; other files are left out and counted. In a plain
    archive of texts each file has its own key.
    """

    format = "webdataset"
    order = 120
    extensions = (".tar", ".tgz")
    companions = ((".parquet", ".tar"),)  # its metadata, as img2dataset writes it
    label = SmallFileReader.label
    unit = "key of the archive"
    compressible = True
    reads_forward = True
    reads_chats = True
    has_fields = True
    kind: Kind = "text"
    dtype = None

    def __init__(self, path: Location, options: ReadOptions, evidence: str) -> None:
        super().__init__(path, options, evidence)
        self.eot = None
        self.longest = options.longest
        self._options = options
        self._fields = self.reads = self._find_fields()

    def splits(self) -> Iterator[Split]:
        """Yield some samples, whose files have been read."""
        archive = self._archive()
        walk = _Walk(self.path, archive, self._fields is not None, self._options.part is None)
        samples: list[_Sample] = []
        size = done = 0
        for sample in walk.samples():
            samples.append(sample)
            size += sum(len(file.data) for file in (*sample.objects, *sample.texts))
            if size >= BATCH_BYTES:
                read, done = archive.bytes_read - done, archive.bytes_read
                yield Split(size, partial(self._batch, samples, read, walk.taken_repairs()))
                samples, size = [], 0
        read = archive.bytes_read - done
        yield Split(size, partial(self._batch, samples, read, walk.taken_repairs()))

    def _archive(self) -> Archive:
        return Archive(self.path, read_blocks(self._path, _BLOCK), self.longest)

    def _batch(self, samples: list[_Sample], bytes_read: int, repairs: Repairs) -> Batch:
        group = None if self._fields is None else self._fields.group
        documents, texts = Documents(group, repairs), []
        for row, sample in enumerate(samples):
            records: list[Any] = []
            text = self._text(sample, records, repairs)
            if text is not None:
                texts.append(text)
                documents.add(row, 1, _with_key(records, group), sample.key)
        return Batch.of_texts(texts, bytes_read, repairs, documents.rows(len(samples)))

    def _text(self, sample: _Sample, records: list[Any], repairs: Repairs) -> str | None:
        """The document of a sample, None if its objects have none and there is no text.

        Its objects are appended to `records`.
        """
        parts: list[str] = []
        complaint = ""
        for file in sample.objects:
            assert self._fields is not None
            try:
                record = json.loads(self._decoded(file, repairs))
                records.append(record)
                if not self._fields.names:
                    continue
                texts = texts_of(record, self._fields, self._options.part)
                parts += [text for text in texts if text is not None]
            except (ValueError, RecursionError) as error:
                complaint = f"{file.name}: {error or 'nested too deep'}"
        parts += [self._decoded(file, repairs) for file in sample.texts]
        if complaint and not parts:
            repairs.leave_out(".json files without a document skipped", complaint)
            return None
        if complaint:
            repairs.add(".json files without a text beside a .txt file", complaint)
        return BETWEEN_TURNS.join(filter(None, parts))

    def _decoded(self, file: _File, repairs: Repairs) -> str:
        fault = fault_of(file.data)
        if fault:
            raise InputError(f"{self.path}: {file.name} in it is {fault}")
        return decode_repaired(file.data.removeprefix(UTF8_BOM), file.name, repairs)

    def _find_fields(self) -> Fields | None:
        """The fields of the objects that hold the documents; None if only texts are read.

        Raises InputError if there is nothing to read.
        """
        records, kinds = self._first_objects()
        options, has_texts = self._options, kinds[".txt"] > 0
        if options.ids_key is not None:
            raise InputError(
                f"{self.path}: --ids-key names a key of token ids, which are not read from tar "
                "archives: write them as Parquet or JSON lines"
            )
        if not kinds[".json"] and not has_texts:
            held = listed(f"{kind} ({count:,})" for kind, count in kinds.most_common())
            raise InputError(
                f"{self.path}: expected .txt or .json files in this tar archive, it has {held}: "
                "unpack it if these are texts of another format"
            )
        asked = options.named is not None or options.part is not None
        if has_texts and not (asked or records):
            if options.group_key:
                what = "a tar archive of .txt files without .json files"
                raise no_records(self.path, options.group_key, what)
            return None
        fields = None
        try:
            fields = fields_of(self.path, Probe(records), options, "its .json files have")
        except InputError:
            if asked or not has_texts:
                raise
        if fields is not None and fields.kind == "text":
            return fields
        if options.group_key and has_texts and not asked:
            return self._only_keys(Probe(records), options.group_key)
        if not has_texts or asked:
            found = "their ids" if fields else "no JSON" if kinds[".json"] else "no .json file"
            raise InputError(
                f"{self.path}: expected .json files with a text or a chat in this tar archive "
                f"({options.wanted}), found {found}"
            )
        return None

    def _only_keys(self, probe: Probe, group: str) -> Fields:
        """The fields of objects that have the group key of the texts beside them, and no text."""
        if probe.holding(group) is None:
            there = "its .json files have"
            raise no_group_key(self.path, group, probe.described(self._options), there)
        return Fields((), "text", group=group)

    def _first_objects(self) -> tuple[list[Any], "Counter[str]"]:
        """The first objects of the archive, and how many files there are of each kind.

        The archive is read until there is something to read in it.
        """
        records: list[Any] = []
        kinds: Counter[str] = Counter()
        archive = self._archive()
        try:
            for member in archive:
                kind = _kind_of(member)
                _refuse_shard(self.path, member.name, kind)
                kinds[kind if kind in kinds or len(kinds) < _MOST_KINDS else "others"] += 1
                if kind == ".json" and member.content is not None:
                    records += _parsed(member.content())
                enough = archive.bytes_read > _PROBED_BYTES or len(records) == _PROBED_FILES
                if enough and (kinds[".txt"] or kinds[".json"]):
                    break
        except InputError:
            if not (kinds[".txt"] or kinds[".json"]):
                raise  # else what is wrong is found again when it is read
        return records, kinds


class _Walk:
    """The way through an archive, from sample to sample."""

    def __init__(self, path: str, archive: Archive, objects: bool, texts: bool) -> None:
        self._path, self._archive = path, archive
        self._wanted = {".json"} if objects else set()
        self._wanted |= {".txt"} if texts else set()
        self._repairs = Repairs()
        self._kinds: set[str] = set()
        self._keys: set[int] = set()

    def taken_repairs(self) -> Repairs:
        """What has been left out since the last call."""
        repairs, self._repairs = self._repairs, Repairs()
        return repairs

    def samples(self) -> Iterator[_Sample]:
        """Yield the samples of the archive."""
        sample = _Sample("", [], [])
        for member in self._archive:
            kind = _kind_of(member)
            _refuse_shard(self._path, member.name, kind)
            if member.content is None or kind not in self._wanted:
                self._leave_out(member.name, kind)
                continue
            key = _key_of(member.name)
            if key != sample.key:
                if sample.key:
                    yield sample
                sample = _Sample(key, [], [])
                self._remember(key, member.name)
            files = sample.objects if kind == ".json" else sample.texts
            files.append(_File(member.name, member.content()))
        if sample.key:
            yield sample
        if not self._archive.is_complete:
            self._repairs.add(_NO_END, "at its last byte")

    def _leave_out(self, name: str, kind: str) -> None:
        if kind not in self._kinds and len(self._kinds) == _MOST_KINDS:
            kind = "others"
        self._kinds.add(kind)
        self._repairs.add(f"files in the archive left out ({kind})", name)

    def _remember(self, key: str, name: str) -> None:
        if hash(key) in self._keys:
            self._repairs.add(_APART, name)
        elif len(self._keys) < _MOST_KEYS:
            self._keys.add(hash(key))


def _with_key(records: list[Any], group: str | None) -> Any:
    """The first of the objects that has a value of the group key, if one has."""
    if group is None:
        return None
    return next((each for each in records if group_of_record(each, group) is not None), None)


def _kind_of(member: Member) -> str:
    """The ending of a file's name, or another word for what it is."""
    if member.content is None:
        return _NO_CONTENT
    folder, _, name = member.name.rpartition("/")
    if name.startswith(".") or any(f.startswith("__") and f.endswith("__") for f in (folder, name)):
        return "hidden"
    stem, dot, ending = name.lower().rpartition(".")
    if not dot:
        return "without an ending"
    if f".{ending}" in COMPRESSIONS:
        return f".{stem.rpartition('.')[2]}.{ending}"
    return ".txt" if ending == "text" else f".{ending}"


def _key_of(name: str) -> str:
    """The path up to the first dot of the name."""
    folder, slash, base = name.rpartition("/")
    return f"{folder}{slash}{base.partition('.')[0]}"


def _refuse_shard(path: str, name: str, kind: str) -> None:
    """Raise InputError if this is a file of many documents, which would be missing."""
    ending = f".{kind.split('.')[1]}" if kind.startswith(".") else ""
    is_packed = kind.count(".") > 1
    if ending in _SHARDS or (is_packed and ending in (".txt", ".json")):
        raise InputError(
            f"{path}: there is {name} in this tar archive, of which .txt and .json files are read: "
            "unpack it (tar -xf) and give the directory"
        )


def _parsed(data: bytes) -> list[Any]:
    """The value of JSON, as a list that is empty if it is none."""
    try:
        return [json.loads(data.removeprefix(UTF8_BOM))]
    except (ValueError, RecursionError):
        return []
