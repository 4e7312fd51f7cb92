"""Recognize text in UTF-16 or UTF-32, and what is no text at all, by the first bytes."""

import codecs
from unicodedata import category

_BYTE_ORDER_MARKS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_MARKS = tuple(mark for mark, _ in _BYTE_ORDER_MARKS)
_WIDE = {"UTF-32LE": "utf-32-le", "UTF-32BE": "utf-32-be"}
_WIDE |= {"UTF-16LE": "utf-16-le", "UTF-16BE": "utf-16-be"}
_PRINTABLE = bytes({*range(256)} - {*range(8), *range(14, 27), *range(28, 32), 127})
_COMMON = frozenset(" \n\r\t.,-0123456789\u3000\u3001\u3002\uff0c")
_FEW = 16  # control characters that may stand in a text, however short
_SHARE = 16  # text has less than one control character, or invalid stretch, in so many bytes
_SAMPLE = 1 << 12


def fault_of(head: bytes) -> str | None:
    """Return what the first bytes are if they are not UTF-8 text, with the remedy, else None.

    A file with a few NUL characters is text, and so is one with some bytes that are not UTF-8.
    """
    if b"\0" not in head and not head.startswith(_MARKS):
        return None
    encoding = _encoding(head)
    if encoding:
        return f"{encoding} text: convert it to UTF-8 (iconv -f {encoding} -t UTF-8)"
    controls = _controls(head)
    if controls > _FEW and controls * _SHARE > len(head):
        return (
            f"binary data ({head.count(0):,} of its first {len(head):,} bytes are NUL): if it is "
            "text all the same, remove them (tr -d '\\000')"
        )
    return None


def _encoding(head: bytes) -> str | None:
    """The encoding by a byte-order mark, or the one that makes text of the bytes, else None."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return encoding
    controls = _controls(head)
    invalid = head.decode("utf-8", "replace").count("\ufffd")
    if (controls + invalid) * _SHARE < len(head):
        return None
    if not invalid and controls <= _FEW and not _has_nuls_as_if_wide(head):
        return None
    texts = {name: _decoded(head[:_SAMPLE], encoding) for name, encoding in _WIDE.items()}
    # In the other byte order, letters of most scripts are letters too, but spaces are not.
    common = {name: sum(map(text.count, _COMMON)) for name, text in texts.items() if text}
    best = max(common, key=common.__getitem__, default=None)
    return best if best and common[best] else None


def _has_nuls_as_if_wide(head: bytes) -> bool:
    """Whether NULs, two or more, are all at even places or all at odd ones, or are the most."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    return even + odd > 1 and (not (even and odd) or 2 * (even + odd) > len(head))


def _controls(head: bytes) -> int:
    return len(head.translate(None, _PRINTABLE))


def _decoded(head: bytes, encoding: str) -> str:
    """The text in an encoding, perhaps cut within its last character; empty if it is no text."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return ""
    odd = sum(category(letter) in ("Cc", "Cn", "Co") and letter not in "\t\n\r" for letter in text)
    return text if odd * _SHARE <= len(text) else ""
