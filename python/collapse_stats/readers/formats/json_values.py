"""The values of a JSON file that are not one a line: an array's items, or objects of many lines."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from ...errors import InputError
from ..repairs import Repairs
from ..stream import decode_repaired

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[\s\ufeff]*")  # files that were joined have byte-order marks inside
_ESCAPE = 12  # characters that the longest escape in a text may take, ``\ud83d\ude00``


def begins_value_of_lines(block: bytes) -> bool:
    """Return whether JSON begins with an array, or with an object that has several lines."""
    begin = block.lstrip()[:1] if block[:1].isspace() else block[:1]
    if begin != b"{":
        return begin == b"["
    end = block.find(b"\n")
    if end < 0 or block[:end].rstrip().endswith(b"}"):
        return False  # a whole object, as those that are one a line
    first, _, rest = block.lstrip().partition(b"\n")
    if not rest.strip():
        return False
    line = first.decode("utf-8", "replace")
    following = rest.decode("utf-8", "replace").lstrip()
    error = _error_at(line)
    if error is None or error < len(line) - _ESCAPE:
        return False
    error = _error_at(f"{line}\n{following}")
    return error is None or error > len(line) + 1  # else the line is cut, and others follow


def _error_at(text: str) -> int | None:
    """Where a JSON value has an error, None if it has none."""
    try:
        _DECODER.raw_decode(text)
    except json.JSONDecodeError as error:
        return len(text) if error.msg.startswith("Unterminated string") else error.pos
    except (ValueError, RecursionError):
        return 0
    return None


def json_values(
    path: object,
    blocks: Iterable[tuple[bytes, int]],
    longest: int,
    repairs: Repairs,
    whole_arrays: bool = False,
) -> Iterator[tuple[Any, int, int]]:
    """Yield the values of a file, each with the bytes read for it: of content, and of the file.

    The items of an array are its values, unless `whole_arrays` says that each array is one. Input:
    the content in blocks, each with the bytes it takes in the file. Stretches that are not UTF-8
    are counted in `repairs`.

    Raises
    ------
    InputError
        Something is not JSON, or a value has more than `longest` characters.
    """
    scan = _Scan(path, longest, whole_arrays)
    held, content, pending = b"", 0, 0
    for block, bytes_read in blocks:
        held += block
        content += len(block)
        pending += bytes_read
        if len(held) < scan.wanted:
            continue
        whole = _whole_characters(held)
        scan.add(decode_repaired(held[:whole], f"value {scan.number:,}", repairs))
        held = held[whole:]
        for value in scan.values():
            yield value, content, pending
            content = pending = 0
    scan.add(decode_repaired(held, f"value {scan.number:,}", repairs))
    for value in scan.values(last=True):
        yield value, content, pending
        content = pending = 0


class _Scan:
    """A text that grows, and the values in it.

    Attributes
    ----------
    number
        Number of the next value, from 1 on.
    wanted
        Bytes that the text should grow by: as many as a value that is not complete has already, so
        that it is not begun anew too often.
    """

    def __init__(self, path: object, longest: int, whole_arrays: bool) -> None:
        self.number, self.wanted = 1, 0
        self._path, self._longest, self._whole_arrays = path, longest, whole_arrays
        self._text, self._in_array = "", False

    def add(self, text: str) -> None:
        self._text += text

    def values(self, last: bool = False) -> Iterator[Any]:
        """Yield the complete values; `last` says that the text will not grow any more."""
        at = 0
        while True:
            at = self._next(at)
            if at == len(self._text):
                break
            try:
                value, end = _DECODER.raw_decode(self._text, at)
            except RecursionError as error:
                raise self._bad("it is nested too deep") from error
            except ValueError as error:
                if last or not _is_cut(error, self._text):
                    raise self._bad(str(error)) from error
                break
            if end == len(self._text) and not last and not isinstance(value, dict | list | str):
                break  # the rest of a number may follow
            yield value
            self.number += 1
            at = end
        self._text = self._text[at:]
        self.wanted = len(self._text)
        if last and self._in_array:
            raise self._bad("the array does not end")
        if len(self._text) > self._longest:
            raise self._bad(f"it has more than {self._longest:,} characters")

    def _next(self, at: int) -> int:
        """Where the next value begins; the end of the text if that is not known yet."""
        while True:
            at = _skip_spaces(self._text, at)
            mark = self._text[at : at + 1]
            if mark == "[" and not (self._in_array or self._whole_arrays):
                self._in_array = True
            elif mark == "]" and self._in_array:
                self._in_array = False
            elif mark != "," or not self._in_array:
                return at
            at += 1

    def _bad(self, what: str) -> InputError:
        return InputError(
            f"{self._path}: value {self.number:,} is not JSON ({what}): expected objects, one a "
            "line, or an array of them; the file is damaged, or is something else"
        )


def _skip_spaces(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    assert match is not None
    return match.end()


def _is_cut(error: ValueError, text: str) -> bool:
    """Whether an error may be due to the end of the text, and not to what is in it."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.msg.startswith("Unterminated string") or error.pos >= len(text) - _ESCAPE


def _whole_characters(data: bytes) -> int:
    """The length of UTF-8 bytes without a character that is cut at their end."""
    for back in range(1, min(4, len(data)) + 1):
        lead = data[-back]
        if lead < 0x80:
            return len(data)
        if lead >= 0xC0:
            expected = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
            return len(data) - back if back < expected else len(data)
    return len(data)
