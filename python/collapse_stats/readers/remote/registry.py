"""Find the store that keeps the object of a URL."""

import os
from functools import lru_cache

from ...errors import InputError
from .shown import shown
from .store import Store, WritableStore, _Persistent, _PersistentWritable


def store_of(url: str) -> Store:
    """Return the store that keeps the object of a URL."""
    scheme, _, rest = url.partition("://")
    scheme = scheme.lower()
    if scheme in ("http", "https"):
        return _store("web", "", "")
    if scheme == "hf":
        return _store("hf", "", os.environ.get("HF_ENDPOINT", ""))
    return _store("s3" if scheme == "s3" else "gs", rest.split("/")[0], _endpoint(scheme))


def _endpoint(scheme: str) -> str:
    """The address of a server other than Amazon's or Google's, from the usual variables."""
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    if scheme != "s3":
        names = ("STORAGE_EMULATOR_HOST", "CLOUD_STORAGE_EMULATOR_ENDPOINT")
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


def writable_store_of(url: str) -> WritableStore:
    """Return the store of a URL, which objects can be written to; InputError if none can be."""
    store = store_of(url)
    if not isinstance(store, _PersistentWritable):
        raise InputError(
            f"{shown(url)} cannot be written to: expected a directory, or s3:// or gs://"
        )
    return store


@lru_cache(maxsize=64)
def _store(kind: str, bucket: str, endpoint: str) -> Store:
    if kind == "web":
        from .web import WebStore

        return _Persistent(WebStore())
    if kind == "hf":
        from .hub import HubStore

        return _Persistent(HubStore())
    from .buckets import BucketStore

    return _PersistentWritable(BucketStore(kind, bucket, endpoint))
