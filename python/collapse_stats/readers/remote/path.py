"""The name of an object that lies elsewhere, with what readers ask of a path."""

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from .file import RemoteFile
from .registry import store_of
from .store import Store


class Status(NamedTuple):
    """What `RemotePath.stat` tells, by the names that `os.stat` has for it."""

    st_size: int
    st_mtime_ns: int = 0


@dataclass(frozen=True, slots=True)
class RemotePath:
    """A URL that answers what readers ask of a `pathlib.Path`.

    Attributes
    ----------
    tmp
        Folder for unnamed files of ids; the system's when None.
    beside
        Sizes of the files in its folder by their names, when the folder has been listed.
    glimpse
        For a look only: of the ids asked for at a time, fetch so many bytes; the rest reads as 0.
    """

    url: str
    tmp: str | os.PathLike[str] | None = field(default=None, compare=False)
    beside: Mapping[str, int] | None = field(default=None, compare=False, repr=False)
    glimpse: int | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return self.url

    @property
    def _is_web(self) -> bool:
        return self.url.lower().startswith("http")

    @property
    def name(self) -> str:
        """Last part of the path, without what follows a ``?`` on the web."""
        return self.parts[-1]

    @property
    def parts(self) -> tuple[str, ...]:
        """``s3://bucket``, then the parts of the key."""
        scheme, _, rest = self.url.partition("://")
        if self._is_web:
            split = urlsplit(self.url)
            rest = split.netloc + unquote(split.path)
        host, *keys = rest.split("/")
        return f"{scheme}://{host}", *filter(None, keys)

    @property
    def stem(self) -> str:
        """As that of `pathlib.Path`."""
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        """As that of `pathlib.Path`."""
        return PurePosixPath(self.name).suffix

    @property
    def store(self) -> Store:
        """Who keeps it."""
        return store_of(self.url)

    def with_name(self, name: str) -> "RemotePath":
        """The object of another name beside this one."""
        if self._is_web:
            split = urlsplit(self.url)
            path = split.path.rpartition("/")[0] + "/" + quote(name)
            return replace(self, url=split._replace(path=path).geturl())
        return replace(self, url=self.url.rpartition("/")[0] + "/" + name)

    def resolve(self) -> "RemotePath":
        """Itself: there are no links."""
        return self

    def exists(self) -> bool:
        """Whether there is such an object."""
        if self.beside is not None:
            return self.name in self.beside
        return self.store.find(self.url) is not None

    def is_file(self) -> bool:
        """The same: there are no others."""
        return self.exists()

    def stat(self) -> Status:
        """Its size, 0 when nobody knows; FileNotFoundError when there is no such object."""
        size = self.beside.get(self.name) if self.beside is not None else None
        if size is None:
            found = self.store.find(self.url)
            if found is None:
                raise FileNotFoundError(2, "no such object", self.url)
            size = found.size
        return Status(size or 0)

    def open(self, mode: str = "rb") -> io.BufferedIOBase:
        """A file that fetches what is read of it."""
        assert mode == "rb"
        return RemoteFile(self.url, self.store.open(self.url))
