"""The base class of file readers, whose attributes say everything the package knows of a format.

`registry` collects the classes from `formats/`, so that a new format is one new module there.
"""

from typing import ClassVar, NamedTuple

from ..errors import InputError
from ..system import file_state
from ..system.file_state import FileState
from .base import Reader
from .head import Head
from .options import ReadOptions
from .records.fields import Fields
from .remote.location import Location, Name, as_location

# How much a file of a directory is worth: where there are shards, tables and texts describe them.
TEXT, TABLES, SHARDS = 0, 1, 3


class Candidate(NamedTuple):
    """A file whose format is to be found.

    Attributes
    ----------
    path
        The file.
    head
        Its first 512 bytes or more, all of it when it is shorter.
    extension
        Lower-case extension without that of a compression: ``.jsonl`` of ``a.jsonl.gz``.
    owner
        The reader class that has this extension, None when there is none.
    """

    path: Name
    head: bytes
    extension: str
    owner: "type[FileReader] | None"

    @property
    def location(self) -> Location:
        """The file as a path, to look at what lies beside it."""
        return as_location(self.path)


class FileReader(Reader):
    """A reader of the files of one format.

    A file's format is found in three steps: by its first bytes (`magics`, `recognize_content`),
    then by what lies beside a file of that extension (`recognize_named`), then by its extension
    alone. In each step readers are asked by ascending `order`.

    """

    format: ClassVar[str]
    """Name of the format, as it is shown and stored; a class without it is only a base."""

    order: ClassVar[int] = 1000
    """Position among the readers, in detection and in lists of extensions; ties go by name."""

    extensions: ClassVar[tuple[str, ...]] = ()
    """Extensions of the format, lower case; no other reader may have them."""

    shared_extensions: ClassVar[tuple[str, ...]] = ()
    """Extensions of another format under which files of this one are found as well."""

    label: ClassVar[str] = ""
    """What a list of the known extensions says of this format, such as ``with .idx``."""

    magics: ClassVar[tuple[bytes, ...]] = ()
    """First bytes of files that `recognize_content` is asked about."""

    required: ClassVar[str] = ""
    """What the error says that a file of these extensions lacks; "" if the extension suffices."""

    otherwise: "ClassVar[type[FileReader] | None]" = None
    """Reader of a file of these extensions without what is `required`; None refuses the file."""

    foreign: ClassVar[tuple[tuple[bytes, str], ...]] = ()
    """First bytes of files that are refused though they have these extensions, with what it is."""

    begins_freely: ClassVar[bool] = False
    """Whether a file may begin with any bytes, so that a short magic number proves nothing."""

    compressible: ClassVar[bool] = False
    """Whether files of these extensions are read when they are compressed."""

    reads_forward: ClassVar[bool] = False
    """Whether a file is read from front to back only, so that it may come through a pipe."""

    compressed_start: ClassVar[bytes] = b""
    """How the content of a compressed file without a known extension begins, spaces aside."""

    companions: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Ending of a file that only describes another, with the ending of that one."""

    companion_names: ClassVar[tuple[str, ...]] = ()
    """Names of files that only describe the others in their directory."""

    rank: ClassVar[int] = SHARDS
    """In a directory, only files of the highest rank there are read: others describe them."""

    reads_chats: ClassVar[bool] = False
    """Whether the format may hold chats, so that ``part`` may choose turns of them."""

    has_fields: ClassVar[bool] = False
    """Whether documents are records, one of whose fields may be the group key."""

    is_stream: ClassVar[bool] = False
    """Whether the ids are a stream whose only document boundaries are `eot` ids."""

    unit: ClassVar[str] = "row"
    """What the format calls a document."""

    reads: Fields | None = None
    """The keys or columns that hold the documents, None if the format has no names."""

    state: FileState | None = None
    """What a local file was when it was opened; None of what needs no second look."""

    beside: tuple[tuple[str, FileState], ...] = ()
    """The same of the local files that are read with it, by path."""

    looks: ClassVar[bool] = False
    """Whether `rows_between` reads what lies between the places, and not just some metadata."""

    names: tuple[str, ...] = ()
    """All keys or columns of the file, as far as they are known."""

    def __init__(self, path: Location, options: ReadOptions, evidence: str) -> None:
        self.path = str(path)
        self.evidence = evidence
        self.size = path.stat().st_size
        self.eot = options.eot
        self._path = path

    @classmethod
    def create(cls, name: Name, options: ReadOptions, evidence: str, head: Head) -> "FileReader":
        """Return a reader of a file; `head` is what was read to find its format."""
        return cls(as_location(name), options, evidence)

    def watch(self, name: Name, head: Head) -> None:
        """Note what a file was when its `head` was read, for `change`."""
        if str(name) == self.path:
            self.state = head.state
        elif head.state is not None:
            self.beside = (*self.beside, (str(name), head.state))

    def change(self) -> InputError | None:
        """Return the error to raise if a file has been written to since, else None."""
        error = None if self.state is None else file_state.change(self.path, self.state)
        for path, state in self.beside:
            error = error or file_state.change(path, state)
        return error

    @classmethod
    def recognize_content(cls, file: Candidate) -> str | None:
        """Return the evidence that a file with one of the `magics` is of this format, else None."""
        return None

    @classmethod
    def recognize_named(cls, file: Candidate) -> str | None:
        """Return the evidence that a file with one of the extensions is of this format, else None.

        Asked of files that no reader recognized by their content; may look at files beside it.
        """
        return None

    @property
    def location(self) -> Location:
        """The file."""
        return self._path

    @property
    def document(self) -> str:
        """What becomes a document, for messages: ``each row``."""
        return f"each {self.unit}"

    @property
    def places(self) -> int:
        """At how many places a part of the file may begin: row groups, rows, ids or bytes.

        The rows that begin between two places can be read by themselves (`ReadOptions.places`).
        0 if only all of the file can be.
        """
        return 0

    def rows_between(self, first: int, last: int) -> int:
        """Return how many rows begin at a place with ``first <= place < last``."""
        raise NotImplementedError(f"{self.format} files have no places")
