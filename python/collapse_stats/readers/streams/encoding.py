"""Recognize text in UTF-16 or UTF-32, and what is no text at all, by the first bytes."""

import codecs

_BYTE_ORDER_MARKS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_MARKS = tuple(mark for mark, _ in _BYTE_ORDER_MARKS)
_PRINTABLE = bytes({*range(256)} - {*range(8), *range(14, 27), *range(28, 32), 127})
_FEW = 16  # control characters that may stand in a text, however short
_SHARE = 16  # text has less than one control character, or invalid byte, in so many
_SAMPLE = 1 << 16


def fault_of(head: bytes) -> str | None:
    """Return what the first bytes are if they are not UTF-8 text, with the remedy, else None.

    A file with a few NUL characters is text, and so is one with some bytes that are not UTF-8.
    """
    if b"\0" not in head and not head.startswith(_MARKS):
        return None
    encoding = _encoding(head[:_SAMPLE])
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
    """The encoding by a byte-order mark, or by which bytes are NUL, else None."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return encoding
    for order, is_little in (("LE", True), ("BE", False)):
        if _is_utf_32(head[: len(head) // 4 * 4], is_little):
            return f"UTF-32{order}"
    for order, is_little in (("LE", True), ("BE", False)):
        if _is_utf_16(head[: len(head) // 2 * 2], is_little):
            return f"UTF-16{order}"
    return None


def _is_utf_32(head: bytes, is_little: bool) -> bool:
    """Whether the highest byte of each character is NUL, the second of most, the lowest of few."""
    highest, second, lowest = (3, 2, 0) if is_little else (0, 1, 3)
    characters = len(head) // 4
    return (
        characters > 1
        and head[highest::4].count(0) == characters
        and 2 * head[second::4].count(0) > characters
        and 20 * head[lowest::4].count(0) < characters
        and _decodes(head, "utf-32-le" if is_little else "utf-32-be")
    )


def _is_utf_16(head: bytes, is_little: bool) -> bool:
    """Whether only the higher bytes of characters are NUL, and what it is otherwise is no text."""
    low, high = (head[::2], head[1::2]) if is_little else (head[1::2], head[::2])
    zeros = high.count(0)
    if zeros < 2 or 20 * low.count(0) > zeros:
        return False
    is_latin = 2 * zeros > len(high)
    return (is_latin or not _is_mostly_utf_8(head)) and _decodes(
        head, "utf-16-le" if is_little else "utf-16-be"
    )


def _is_mostly_utf_8(head: bytes) -> bool:
    wrong = head.decode("utf-8", "replace").count("\ufffd") + _controls(head)
    return wrong * _SHARE < len(head)


def _controls(head: bytes) -> int:
    return len(head.translate(None, _PRINTABLE))


def _decodes(head: bytes, encoding: str) -> bool:
    """Whether this is text in an encoding, perhaps cut within its last character."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    return True
