"""A hash of texts that is the same on every machine, in every process and version of Python."""

from hashlib import blake2b


def text_hash(text: str) -> int:
    """Return the 64-bit hash of a text: its BLAKE2b digest of 8 bytes, little-endian.

    The text is encoded as UTF-8, and half a surrogate pair in it as if it were a character.

    >>> hex(text_hash("train/part-0"))
    '0x4aec8860a7a17592'
    """
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little")
