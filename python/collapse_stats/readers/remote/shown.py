"""URLs as they are shown and saved: without passwords, tokens and signatures."""

import re

_START = r"(?:(?:s3|gs|gcs|hf|https?|ftps?):/+|[A-Za-z][\w+.-]*://)"  # one slash is a slip
_URL = re.compile(rf"({_START})(.*)", re.DOTALL | re.IGNORECASE)
_WEB = re.compile(r"https?:", re.IGNORECASE)
_ODD_PORT = re.compile(r"(?!\[)[^/?#@:]*:(?!\d*[/?#])[^/?#@]*[/?#].*@")  # a part of a password
_IN_TEXT = re.compile(rf"{_START}\S+", re.IGNORECASE)
_USER = re.compile(r"[^\s/@'\"]+:[^\s@]*@(?=\S)")
_QUERY = re.compile(r"\?\S+")
_PARAMETERS = re.compile(r"\?[^/\s]*=|#[^/\s]*=")


def shown(url: object) -> str:
    """Return a URL by its scheme, host and path, with ``?...`` if it had a query.

    Only this identifies a source in messages and in saved profiles. What is no URL stays as it is.

    >>> shown("https://me:secret@host/a.jsonl?X-Amz-Signature=abc")
    'https://host/a.jsonl?...'
    >>> shown("s3://bucket/part-?.parquet")  # a pattern
    's3://bucket/part-?.parquet'
    """
    text = str(url)
    match = _URL.fullmatch(text)
    if match is None:
        return text
    scheme, rest = match.groups()
    if _ODD_PORT.match(rest):  # a password with a slash or a question mark in it
        rest = rest.rpartition("@")[2]
    host, slash, path = rest.partition("/")
    rest = host.rpartition("@")[2] + slash + path
    query = re.search(r"[?#]", rest) if _WEB.match(scheme) else _PARAMETERS.search(rest)
    if query is None:
        return scheme + rest
    return scheme + rest[: query.start()] + ("?..." if rest[query.start()] == "?" else "")


def without_secrets(text: str) -> str:
    """Return a text with every URL in it as it is shown."""
    return _IN_TEXT.sub(lambda match: shown(match[0]), text)


def library_error(error: object) -> str:
    """Return an error of a library, which may quote all of a URL, or a part of one."""
    text = _USER.sub("", without_secrets(str(error)))
    return _QUERY.sub("?...", text)
