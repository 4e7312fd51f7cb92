"""URLs as they are shown and saved: without passwords, tokens and signatures."""

import re
from collections import Counter
from collections.abc import Iterable

_START = r"(?:(?:s3|gs|gcs|hf|https?|ftps?):/+|[A-Za-z][\w+.-]*://)"  # one slash is a slip
_URL = re.compile(rf"({_START})(.*)", re.DOTALL | re.IGNORECASE)
_WEB = re.compile(r"https?:", re.IGNORECASE)
_ODD_PORT = re.compile(r"(?!\[)[^/?#@:]*:(?!\d*[/?#])[^/?#@]*[/?#].*@")  # a part of a password
_IN_TEXT = re.compile(rf"{_START}\S+", re.IGNORECASE)
_USER = re.compile(r"[^\s/@'\"]+:[^\s@]*@(?=\S)")
_HIDDEN = r"\?\.\.\.\d{0,6}"  # what is shown of a query
_QUERY = re.compile(rf"(?!{_HIDDEN}(?:\s|$))\?\S+")
_PARAMETERS = re.compile(r"\?[^/\s]*=|#[^/\s]*=")


class NumberedUrl(str):
    """A URL that is shown like another one, with the number by which it is told apart from that."""

    __slots__ = ("number",)
    number: int

    @classmethod
    def of(cls, url: str, number: int) -> "NumberedUrl":
        """Return a URL with its number."""
        numbered = cls(url)
        numbered.number = number
        return numbered


def told_apart(urls: Iterable[str]) -> dict[str, str]:
    """Return URLs so that different ones are shown differently, if need be with their numbers.

    >>> urls = told_apart(["https://host/a?page=1", "https://host/a?page=2"])
    >>> [shown(url) for url in urls.values()]
    ['https://host/a?...', 'https://host/a?...2']
    """
    apart: dict[str, str] = {}
    alike: Counter[str] = Counter()
    for url in urls:
        if url not in apart:
            name = shown(url)
            alike[name] += 1
            is_first = alike[name] == 1 or isinstance(url, NumberedUrl)
            apart[url] = url if is_first else NumberedUrl.of(url, alike[name])
    return apart


def shown(url: object) -> str:
    """Return a URL by its scheme, host and path, with ``?...`` if it had a query.

    Only this identifies a source in messages and in saved profiles; a number after the dots tells
    URLs of one command apart that differ in their queries only. What is no URL stays as it is.

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
    before, hidden = rest[: query.start()], rest[query.start() :]
    if hidden[0] == "#":
        return scheme + before
    if re.fullmatch(_HIDDEN, hidden):  # it is shown already
        return scheme + rest
    return f"{scheme}{before}?...{url.number if isinstance(url, NumberedUrl) else ''}"


def without_secrets(text: str) -> str:
    """Return a text with every URL in it as it is shown."""
    return _IN_TEXT.sub(lambda match: shown(match[0]), text)


def library_error(error: object) -> str:
    """Return an error of a library, which may quote all of a URL, or a part of one."""
    text = _USER.sub("", without_secrets(str(error)))
    return _QUERY.sub("?...", text)
