"""``https://`` and ``http://``: objects of web servers, with or without ranges."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from ...errors import InputError
from .body import changed
from .shown import library_error, shown
from .store import Found, Source, TransientError

_TIMES = (10.0, 60.0)  # timeouts in seconds: to connect, and between bytes
_PIECE = 1 << 18
_SETTLED = 1.0  # seconds after which an object that is modified has another time of it
_PASSING = (408, 425, 429)  # status codes to try again, as are those from 500 on


class WebStore:
    """Objects of web servers by their URLs."""

    def __init__(self) -> None:
        import requests

        self._session = requests.Session()

    def find(self, url: str) -> Found | None:
        """Return the object of this URL, None if there is none."""
        try:
            source = self.open(url)
        except FileNotFoundError:
            return None
        source.close()
        return Found(source.size)

    def list(self, url: str) -> Mapping[str, int] | None:
        """Return None: web servers do not list objects."""
        return None

    def open(self, url: str, headers: Mapping[str, str] | None = None, tried: str = "") -> Source:
        """Open an object; `tried` are the credentials in `headers`, for messages."""
        ask = Asked(self._session, url, dict(headers or {}), tried)
        response = ask(0, 1)
        with response:
            size, version = _size_of(response), _version_of(response)
        if response.status_code == 206 and version is not None:
            return _Ranges(ask, size, version)
        return _Stream(ask, size, version)  # without a version, all bytes are of one answer


class Asked:
    """Requests for one object.

    What is raised names the object as it is shown, and does not carry the errors of the libraries,
    which quote all of its URL.
    """

    def __init__(self, session: Any, url: str, headers: dict[str, str], tried: str) -> None:
        self.url = url
        self._session, self._headers, self._tried = session, headers, tried

    def __str__(self) -> str:
        return shown(self.url)

    def __call__(self, begin: int, size: int | None, version: str | None = None) -> Any:
        """Return the response to a request for `size` bytes, or for all bytes if None.

        If the object has another `version`, the server is asked for all of that.
        """
        import requests
        import urllib3

        headers = {
            **self._headers,
            "Accept-Encoding": "identity",
        }  # else ranges would count compressed bytes
        if size is not None:
            headers["Range"] = f"bytes={begin}-{begin + size - 1}"
            if version is not None:
                headers["If-Range"] = version
        try:
            response = self._session.get(self.url, headers=headers, stream=True, timeout=_TIMES)
        except (requests.ConnectionError, requests.Timeout) as error:
            if "NameResolution" in str(error):
                host = urlsplit(self.url).hostname
                raise InputError(f"{self}: there is no host {host}, or no network") from None
            raise TransientError(_reason(error)) from None
        except ValueError:  # the error quotes any part of the URL
            raise InputError(
                f"{self}: no valid URL: check its host and port; in a password, / ? # and @ are "
                "written as %2F %3F %23 and %40"
            ) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise InputError(f"{self}: cannot be read: {library_error(error)}") from None
        status = response.status_code
        if status in (200, 206) or (status == 416 and _size_of(response) == 0):
            return response
        with response:
            raise self._refusal(status, response, begin)

    def _refusal(self, status: int, response: Any, begin: int) -> Exception:
        reason = library_error(f"{status} {response.reason}")
        if status in (404, 410):
            return FileNotFoundError(2, f"the server says {reason}", str(self))
        if status in (401, 403):
            tried = self._tried or "without credentials, other than those in ~/.netrc or the URL"
            return InputError(
                f"{self}: access denied ({reason}); tried {tried}: give credentials that may "
                "read it"
            )
        if status in _PASSING or status >= 500:
            wait = response.headers.get("Retry-After", "")
            return TransientError(reason, min(float(wait), 60.0) if wait.isdigit() else 0.0)
        if status == 416:
            return InputError(
                f"{self}: the server has nothing at byte {begin:,}: the length it gave is "
                "wrong, or it has changed while it was read; read it again"
            )
        return InputError(f"{self}: the server says {reason}: check the URL")


class _Ranges:
    """The bytes of an object, read by ranges, each of which is a request."""

    ranges = True

    def __init__(self, ask: Asked, size: int | None, version: str) -> None:
        self.size = size
        self.version: str | None = version
        self._ask = ask

    def read(self, begin: int, size: int) -> bytes:
        """Read bytes from `begin` on, fewer than `size` if the connection breaks."""
        with self._ask(begin, size, self.version) as response:
            where = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
            same = (_size_of(response), _version_of(response)) == (self.size, self.version)
            if response.status_code != 206 or not where or int(where[1]) != begin or not same:
                raise InputError(
                    f"{self._ask}: at byte {begin:,} the server gives something other than "
                    "before: it has changed while it was read; read it again"
                )
            return _body(response, size)

    def close(self) -> None:
        """Do nothing: no connection is kept."""


class _Stream:
    """The bytes of an object of a server without ranges: going back means starting over."""

    ranges = False

    def __init__(self, ask: Asked, size: int | None, version: str | None) -> None:
        self.size, self.version = size, version
        self._ask = ask
        self._response: Any = None
        self._at = 0

    def read(self, begin: int, size: int) -> bytes:
        """Read bytes from `begin` on."""
        try:
            if self._response is None or begin < self._at:
                self._restart()
            while self._at < begin and self._take(min(_PIECE, begin - self._at)):
                pass
            return self._take(size)
        except TransientError:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        if self._response is not None:
            self._response.close()
            self._response = None

    def _restart(self) -> None:
        self.close()
        self._response, self._at = self._ask(0, None), 0
        is_other = self.version is not None and _version_of(self._response) != self.version
        if is_other or _size_of(self._response) != self.size:
            self.close()
            raise changed(self._ask.url)

    def _take(self, size: int) -> bytes:
        data = _body(self._response, size)
        self._at += len(data)
        if not data and self.size is not None and self._at < self.size:
            raise TransientError(f"the connection ended after {self._at:,} bytes")
        return data


def _body(response: Any, size: int) -> bytes:
    """Up to `size` bytes of a response; TransientError if it fails before the first."""
    import urllib3

    parts: list[bytes] = []
    left = size
    try:
        while left:
            part = response.raw.read(min(left, _PIECE))
            if not part:
                break
            parts.append(part)
            left -= len(part)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        if not parts:
            raise TransientError(_reason(error)) from None
    return b"".join(parts)


def _size_of(response: Any) -> int | None:
    """The size of a response's object in bytes, None if unknown."""
    size = response.headers.get("Content-Range", "").rpartition("/")[2]
    if response.status_code == 200:
        size = response.headers.get("Content-Length", "")
    return int(size) if size.isdigit() else None


def _version_of(response: Any) -> str | None:
    """What tells a version of an object from all others (RFC 9110, section 8.8); None if unknown.

    It is a strong ETag, or when the object was modified, unless that was so recently that it may
    be modified again within the same second.
    """
    etag: str = response.headers.get("ETag", "")
    if etag and not etag.startswith("W/"):
        return etag
    modified: str = response.headers.get("Last-Modified", "")
    try:
        age = parsedate_to_datetime(response.headers["Date"]) - parsedate_to_datetime(modified)
    except (KeyError, TypeError, ValueError):
        return None
    return modified if age.total_seconds() > _SETTLED else None


def _reason(error: Exception) -> str:
    """The innermost cause of an error, for messages."""
    while (inner := error.__cause__ or error.__context__) is not None and inner is not error:
        error = inner  # type: ignore[assignment]
    return f"{type(error).__name__}: {library_error(error)}"[:200]
