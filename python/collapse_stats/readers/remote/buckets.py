"""``s3://`` and ``gs://``: objects in buckets, by `pyarrow.fs`."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from ...errors import InputError
from .shown import library_error, shown
from .store import Found, Source, TransientError

T = TypeVar("T")

# Parts of Arrow's error messages: Arrow has no classes for these errors.
_DENIED = re.compile(
    r"ACCESS_DENIED|INVALID_ACCESS_KEY|INVALID_CLIENT_TOKEN|SIGNATURE_DOES_NOT_MATCH|EXPIRED|"
    r"UNRECOGNIZED_CLIENT|MISSING_AUTHENTICATION|PERMISSION_DENIED|PermissionDenied|"
    r"UNAUTHENTICATED|HTTP status 40[13]|credentials|invalid_grant|Anonymous caller"
)
_ABSENT = re.compile(r"NO_SUCH_BUCKET|NO_SUCH_KEY|RESOURCE_NOT_FOUND|NOT_FOUND|HTTP status 404")
_LASTING = re.compile(
    r"HTTP status (?!408|429)4\d\d|INVALID_|PERMANENT_REDIRECT|Could not resolve host(?!name)|"
    r"Could not resolve hostname"
)


class BucketStore:
    """Objects of one bucket, requested with credentials first and then without."""

    def __init__(self, kind: str, bucket: str, endpoint: str) -> None:
        self._kind, self._bucket = kind, bucket
        self._make = _s3 if kind == "s3" else _gcs
        self._endpoint = endpoint
        self._system: Any = None

    def find(self, url: str) -> Found | None:
        """Return the object of this name, None if there is none."""
        from pyarrow.fs import FileType

        info = self._ask(url, lambda system: system.get_file_info(_key(url)))
        return Found(info.size) if info.type == FileType.File else None

    def list(self, url: str) -> Mapping[str, int] | None:
        """Return the sizes of the objects below a prefix, by the rest of their names."""
        from pyarrow.fs import FileSelector, FileType

        prefix = _key(url).rstrip("/")
        selector = FileSelector(prefix, allow_not_found=True, recursive=True)
        try:
            infos = self._ask(url, lambda system: system.get_file_info(selector))
        except FileNotFoundError:
            return {}
        return {
            info.path[len(prefix) + 1 :]: info.size for info in infos if info.type == FileType.File
        }

    def open(self, url: str) -> Source:
        """Open an object."""
        file = self._ask(url, lambda system: system.open_input_file(_key(url)))
        named = file.metadata() or {}
        version = next((named[key] for key in ("ETag", "etag", "generation") if key in named), None)
        if version is None:
            info = self._ask(url, lambda system: system.get_file_info(_key(url)))
            version = str(info.mtime_ns).encode()
        return _Object(file, version.decode(), url, self)

    def put(self, url: str, blocks: Callable[[], Iterable[bytes]]) -> None:
        """Write an object; it appears when all of it is there."""

        def write(system: Any) -> None:
            with system.open_output_stream(_key(url)) as file:
                for block in blocks():
                    file.write(block)

        self._ask(url, write)

    def explained(self, error: OSError, url: str) -> Exception:
        """Return the error to raise for an error of Arrow."""
        message = str(error)
        if isinstance(error, FileNotFoundError) or _ABSENT.search(message):
            return FileNotFoundError(2, "no such object", shown(url))
        if _DENIED.search(message):
            return InputError(
                f"{shown(url)}: access denied; tried {self._tried()}, and without credentials "
                f"({_short(message)}): {_REMEDIES[self._kind]}"
            )
        if _LASTING.search(message):
            return InputError(f"{shown(url)}: cannot be read: {_short(message)}")
        return TransientError(_short(message))

    def _ask(self, url: str, question: Callable[[Any], T]) -> T:
        """Ask with the available credentials, then without any: the bucket may be public."""
        try:
            if self._system is None:
                self._system = self._make(self._bucket, self._endpoint, anonymous=False)
            return question(self._system)
        except ValueError:  # the error quotes all of the URL
            raise InputError(
                f"{shown(url)}: expected {self._kind}://BUCKET/NAME, without a user or password: "
                f"{_REMEDIES[self._kind]}"
            ) from None
        except OSError as error:
            if not _DENIED.search(str(error)):
                raise self.explained(error, url) from None
            try:
                system = self._make(self._bucket, self._endpoint, anonymous=True)
                answer = question(system)
            except OSError:
                raise self.explained(error, url) from None
            self._system = system
            return answer

    def _tried(self) -> str:
        """The credentials that were used, for messages."""
        if self._kind != "s3":
            file = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
            return (
                f"the credentials in {file} (GOOGLE_APPLICATION_CREDENTIALS)"
                if file
                else "Google's default credentials (gcloud, or those of the machine)"
            )
        if os.environ.get("AWS_ACCESS_KEY_ID"):
            return "the credentials in AWS_ACCESS_KEY_ID"
        profile = os.environ.get("AWS_PROFILE", "default")
        names = ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE")
        usual = (Path.home() / ".aws" / "credentials", Path.home() / ".aws" / "config")
        files = [Path(os.environ.get(n) or path) for n, path in zip(names, usual, strict=True)]
        existing = [str(path) for path in files if path.is_file()]
        if existing:
            return f"the profile {profile!r} of {' and '.join(existing)}"
        return (
            "the credentials of this machine's role, if it has one (AWS_ACCESS_KEY_ID is not set"
            " and there is no ~/.aws/credentials)"
        )


_REMEDIES = {
    "s3": "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, to an account that may "
    "read it",
    "gs": "run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS",
}


class _Object:
    """The bytes of one object."""

    ranges = True

    def __init__(self, file: Any, version: str, url: str, store: BucketStore) -> None:
        self.version: str | None = version
        self._file, self._url, self._store = file, url, store
        self.size: int | None = file.size()

    def read(self, begin: int, size: int) -> bytes:
        """Read bytes from `begin` on."""
        try:
            data: bytes = self._file.read_at(size, begin)
        except OSError as error:
            raise self._store.explained(error, self._url) from None
        return data

    def close(self) -> None:
        """Close the connection."""
        self._file.close()


def _key(url: str) -> str:
    """``bucket/key`` of a URL, without decoding."""
    return url.partition("://")[2]


def _short(message: str) -> str:
    """An error message of Arrow without its description of the request."""
    message = library_error(message)
    return re.sub(r"^When .*?: (?=AWS|Google)| \(Request ID.*?\)", "", message).strip()[:300]


def _s3(bucket: str, endpoint: str, anonymous: bool) -> Any:
    from pyarrow import fs

    if endpoint:
        scheme, _, host = endpoint.rpartition("://")
        return fs.S3FileSystem(
            anonymous=anonymous, endpoint_override=host.rstrip("/"), scheme=scheme or "https"
        )
    return fs.S3FileSystem(anonymous=anonymous, region=fs.resolve_s3_region(bucket))


def _gcs(bucket: str, endpoint: str, anonymous: bool) -> Any:
    from pyarrow import fs

    limit = timedelta(seconds=30)
    if endpoint:
        scheme, _, host = endpoint.rpartition("://")
        return fs.GcsFileSystem(
            anonymous=True,
            endpoint_override=host.rstrip("/"),
            scheme=scheme or "https",
            retry_time_limit=limit,
        )
    return fs.GcsFileSystem(anonymous=anonymous, retry_time_limit=limit)
