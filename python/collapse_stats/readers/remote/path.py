"""The path of a remote object, with the methods of `pathlib.Path` that readers use."""

import io
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import quote, unquote

from .body import Body
from .file import RemoteFile
from .registry import store_of
from .shown import NumberedUrl, shown
from .store import Store


class Status(NamedTuple):
    """The result of `RemotePath.stat`, with the names of `os.stat_result`."""

    st_size: int
    st_mtime_ns: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class RemotePath:
    """A URL with the methods of `pathlib.Path` that readers use.

    As a string it is what messages and saved profiles have of it, without credentials; what opens
    the object uses `url`.

    Attributes
    ----------
    url
        All of the URL.
    tmp
        Folder for unnamed files of ids; None is the system's.
    beside
        Sizes by name of the files in its folder, None if the folder has not been listed.
    glimpse
        Bytes of ids to fetch of each slice, to inspect a file; the others read as 0. None is all.
    body
        What all who open this path, or a copy of it, read.
    """

    url: str
    tmp: str | os.PathLike[str] | None = field(default=None, compare=False)
    beside: Mapping[str, int] | None = field(default=None, compare=False, repr=False)
    glimpse: int | None = field(default=None, compare=False)
    body: Body = field(default_factory=Body, compare=False, repr=False)

    def __str__(self) -> str:
        return shown(self.url)

    def __repr__(self) -> str:
        return f"RemotePath({shown(self.url)!r})"

    @property
    def _is_web(self) -> bool:
        return self.url.lower().startswith("http")

    @property
    def name(self) -> str:
        """Last part of the path; for the web, without the query after ``?``."""
        return self.parts[-1]

    @property
    def parts(self) -> tuple[str, ...]:
        """``s3://bucket``, then the parts of the key."""
        scheme, _, rest = shown(self.url).partition("://")
        if self._is_web:
            rest = unquote(rest.partition("?")[0])
        host, *keys = rest.split("/")
        return f"{scheme}://{host}", *filter(None, keys)

    @property
    def stem(self) -> str:
        """The same as of `pathlib.Path`."""
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        """The same as of `pathlib.Path`."""
        return PurePosixPath(self.name).suffix

    @property
    def store(self) -> Store:
        """The store that keeps the object."""
        return store_of(self.url)

    def with_name(self, name: str) -> "RemotePath":
        """Return the path of another object in the same folder."""
        if self._is_web:
            end = next((i for i, sign in enumerate(self.url) if sign in "?#"), len(self.url))
            folder, query = self.url[:end].rpartition("/")[0], self.url[end:]
            return self.at(f"{folder}/{quote(name)}{query}")
        return self.at(self.url.rpartition("/")[0] + "/" + name)

    def __truediv__(self, name: str) -> "RemotePath":
        """Return the path of an object below this one."""
        return self.at(f"{self.url.rstrip('/')}/{name}")

    @property
    def parent(self) -> "RemotePath":
        """What this object or folder is in."""
        return self.at(self.url.rstrip("/").rpartition("/")[0])

    def at(self, url: str) -> "RemotePath":
        """Return the path of another object."""
        if isinstance(self.url, NumberedUrl):
            url = NumberedUrl.of(url, self.url.number)
        return replace(self, url=url, body=Body())

    def resolve(self) -> "RemotePath":
        """Return the path itself: there are no links."""
        return self

    def exists(self) -> bool:
        """Return whether the object exists."""
        if self.beside is not None:
            return self.name in self.beside
        return self.store.find(self.url) is not None

    def is_file(self) -> bool:
        """Return whether the object exists: all objects are files."""
        return self.exists()

    def stat(self) -> Status:
        """Return the size, 0 if unknown; FileNotFoundError if there is no such object."""
        size = self.beside.get(self.name) if self.beside is not None else None
        if size is None:
            found = self.store.find(self.url)
            if found is None:
                raise FileNotFoundError(2, "no such object", str(self))
            size = found.size
        return Status(size or 0)

    def read_bytes(self) -> bytes:
        """Return all bytes of the object."""
        with self.open() as file:
            return file.read()

    def open(self, mode: str = "rb") -> io.BufferedIOBase:
        """Open a file that is fetched as it is read."""
        assert mode == "rb"
        source = self.body.open(self.url, lambda: self.store.open(self.url), self.tmp)
        return RemoteFile(self.url, source)


def kept(paths: Iterable[object]) -> list[str]:
    """A warning about objects among the paths that are kept in files, because they may change."""
    names = [str(path) for path in paths if isinstance(path, RemotePath) and path.body.is_kept]
    if not names:
        return []
    others = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
    return [
        f"the server names no version of {names[0]}{others} (no strong ETag, no Last-Modified of "
        "some time ago), which might change meanwhile: it is read in one request, and kept in an "
        "unnamed file in the folder for temporary files (--tmp)"
    ]
