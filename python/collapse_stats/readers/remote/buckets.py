"""``s3://`` and ``gs://``: buckets, through `pyarrow.fs`."""

import os
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from ...errors import InputError
from .store import Found, Source, TransientError

T = TypeVar("T")

# What Arrow's errors say; it has no classes for them.
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
    """Objects of one bucket, asked for with the credentials there are, then without."""

    def __init__(self, kind: str, bucket: str, endpoint: str) -> None:
        self._kind, self._bucket = kind, bucket
        self._make = _s3 if kind == "s3" else _gcs
        self._endpoint = endpoint
        self._system: Any = None

    def find(self, url: str) -> Found | None:
        """The object of this name."""
        from pyarrow.fs import FileType

        info = self._ask(url, lambda system: system.get_file_info(_key(url)))
        return Found(info.size) if info.type == FileType.File else None

    def list(self, url: str) -> Mapping[str, int] | None:
        """Objects below a prefix."""
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
        """Bytes of an object."""
        return _Object(self._ask(url, lambda system: system.open_input_file(_key(url))), url, self)

    def explained(self, error: OSError, url: str) -> Exception:
        """What to raise for what Arrow raised."""
        said = str(error)
        if isinstance(error, FileNotFoundError) or _ABSENT.search(said):
            return FileNotFoundError(2, "no such object", url)
        if _DENIED.search(said):
            return InputError(
                f"{url}: access denied; tried {self._tried()}, and without credentials "
                f"({_short(said)}): {_REMEDIES[self._kind]}"
            )
        if _LASTING.search(said):
            return InputError(f"{url}: cannot be read: {_short(said)}")
        return TransientError(_short(said))

    def _ask(self, url: str, question: Callable[[Any], T]) -> T:
        """An answer with the credentials there are, else without any: a bucket may be public."""
        try:
            if self._system is None:
                self._system = self._make(self._bucket, self._endpoint, anonymous=False)
            return question(self._system)
        except OSError as error:
            if not _DENIED.search(str(error)):
                raise self.explained(error, url) from error
            try:
                system = self._make(self._bucket, self._endpoint, anonymous=True)
                answer = question(system)
            except OSError:
                raise self.explained(error, url) from error
            self._system = system
            return answer

    def _tried(self) -> str:
        if self._kind != "s3":
            named = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
            return (
                f"the credentials in {named} (GOOGLE_APPLICATION_CREDENTIALS)"
                if named
                else "Google's default credentials (gcloud, or those of the machine)"
            )
        if os.environ.get("AWS_ACCESS_KEY_ID"):
            return "the credentials in AWS_ACCESS_KEY_ID"
        profile = os.environ.get("AWS_PROFILE", "default")
        names = ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE")
        usual = (Path.home() / ".aws" / "credentials", Path.home() / ".aws" / "config")
        files = [Path(os.environ.get(n) or path) for n, path in zip(names, usual, strict=True)]
        there = [str(path) for path in files if path.is_file()]
        if there:
            return f"the profile {profile!r} of {' and '.join(there)}"
        return (
            "the credentials of this machine's role, if it has one (AWS_ACCESS_KEY_ID is not set"
            " and there is no ~/.aws/credentials)"
        )


_REMEDIES = {
    "s3": "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, to those who may read "
    "it",
    "gs": "say gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS",
}


class _Object:
    """Bytes of one object."""

    ranges = True

    def __init__(self, file: Any, url: str, store: BucketStore) -> None:
        self._file, self._url, self._store = file, url, store
        self.size: int | None = file.size()

    def read(self, begin: int, size: int) -> bytes:
        """Bytes from `begin` on."""
        try:
            data: bytes = self._file.read_at(size, begin)
        except OSError as error:
            raise self._store.explained(error, self._url) from error
        return data

    def close(self) -> None:
        """Let the connection go."""
        self._file.close()


def _key(url: str) -> str:
    """``bucket/key`` of a URL, the key as it stands."""
    return url.partition("://")[2]


def _short(said: str) -> str:
    """What Arrow says of an error, without what it says of the request."""
    return re.sub(r"^When .*?: (?=AWS|Google)| \(Request ID.*?\)", "", said).strip()[:300]


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
