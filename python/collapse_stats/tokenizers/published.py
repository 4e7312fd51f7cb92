"""The encodings that `tiktoken` knows by name and downloads."""

import hashlib
import os
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from .byte_pairs import of_encoding
from .tokenizer import Tokenizer, is_failure

if TYPE_CHECKING:
    import tiktoken

_DOWNLOAD_TIMEOUT = 60.0  # seconds for a vocabulary, which has a few MB


def published(spec: str, name: str) -> Tokenizer:
    """Load an encoding of tiktoken's; InputError when it cannot be downloaded."""
    import tiktoken

    known = tiktoken.list_encoding_names()
    if name not in known:
        raise ValueError(f"tiktoken:NAME must be one of {', '.join(known)}, got {name!r}")
    try:
        encoding = _with_timeout(lambda: tiktoken.get_encoding(name))
    except BaseException as error:  # requests raises OSErrors; a wrong hash is a ValueError
        if not is_failure(error):
            raise
        raise InputError(_not_downloaded(spec, error)) from error
    return of_encoding(spec, encoding, encoding.n_vocab, encoding._special_tokens)


def _with_timeout(load: "Callable[[], tiktoken.Encoding]") -> "tiktoken.Encoding":
    """Return `load()`; raise TimeoutError after `_DOWNLOAD_TIMEOUT` seconds.

    tiktoken downloads without a timeout, and waits forever on a network that drops packets. After
    a timeout the call stays in a thread that ends with the process.
    """
    result: Future[tiktoken.Encoding] = Future()

    def run() -> None:
        try:
            result.set_result(load())
        except BaseException as error:
            result.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return result.result(_DOWNLOAD_TIMEOUT)
    except TimeoutError as error:
        raise TimeoutError(f"no answer within {_DOWNLOAD_TIMEOUT:g} seconds") from error


def _not_downloaded(spec: str, error: BaseException) -> str:
    # tiktoken reads these variables, in this order, and has this default.
    cache = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR"))
    place = "not set; the default is " + str(Path(tempfile.gettempdir()) / "data-gym-cache")
    if cache is not None:
        place = f"now {cache}" if cache else "now empty, which means no cache"
    reason = f": {error}" if isinstance(error, TimeoutError) else ""
    url = getattr(getattr(error, "request", None), "url", None)
    name = f" under the name {hashlib.sha1(url.encode()).hexdigest()}" if url else ""
    return (
        f"tokenizer {spec}: {url or 'its vocabulary file'} could not be downloaded "
        f"({type(error).__name__}{reason}). Put that file{name} into a folder and set "
        f"TIKTOKEN_CACHE_DIR to it ({place}), or use --tokenizer file:PATH, or a tokenizer that "
        "needs no download: builtin, bytes"
    )
