"""How much room texts take on a terminal, and how they are made to fit.

Room is measured in cells: a letter takes one, a Chinese character two, a combining mark none.
"""

from collections.abc import Iterator

_JOINT = "\xa0"  # a space at which no line is broken; not printable, so no text has it


def cells_of(text: str) -> int:
    """Return how many cells a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Return a text filled with spaces to a width, before it if it stands at the right."""
    spaces = " " * (width - cells_of(text))
    return spaces + text if right else text + spaces


def shortened(text: str, width: int) -> str:
    """Return a text with its middle left out, if it is longer than `width`; its end is kept.

    >>> shortened("abcdefghij", 7)
    'ab…ghij'
    """
    if cells_of(text) <= width:
        return text
    end = max(1, 3 * (width - 1) // 4)
    start = _fitting(text, max(0, width - 1 - end))
    return f"{start}…{_fitting(text[::-1], end)[::-1]}"


def wrapped(text: str, width: int) -> list[str]:
    """Return a text in lines of at most `width` cells, broken at spaces where there are any.

    A percent sign stays with its number.

    >>> wrapped("one two three", 8)
    ['one two', 'three']
    """
    joined = text.replace(" %", f"{_JOINT}%")
    lines = _lines(joined, max(width, 2))  # a character may take two cells
    return [line.replace(_JOINT, " ") for line in lines]


def _lines(text: str, width: int) -> Iterator[str]:
    indent = text[: len(text) - len(text.lstrip(" "))]
    line, room = indent, width - len(indent)
    for word in text.split(" ")[len(indent) :]:
        space = " " * (line != indent)
        if cells_of(space + word) <= room:
            line += space + word
            room -= cells_of(space + word)
            continue
        if line != indent:
            yield line
        while cells_of(word) > width:
            first = _fitting(word, width)
            yield first
            word = word[len(first) :]
        line, room = word, width - cells_of(word)
    yield line


def _fitting(text: str, width: int) -> str:
    """Return the longest beginning of a text that takes at most `width` cells."""
    if text.isascii():
        return text[:width]
    end = room = 0
    for end, sign in enumerate(text):
        room += cells_of(sign)
        if room > width:
            return text[:end]
    return text[: end + 1]
