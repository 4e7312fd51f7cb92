"""How large the compressed record batches of Arrow data become, before any of them is unpacked.

Arrow unpacks a record batch as a whole. Each compressed buffer begins with its size, and the
metadata of a message say where its buffers lie (the Flatbuffers `Message` and `RecordBatch` of
https://arrow.apache.org/docs/format/Columnar.html).
"""

import struct
from typing import Any

_DICTIONARY, _RECORDS = 2, 3  # types of messages
_HEADER_TYPE, _HEADER = 1, 2  # fields of a message
_DATA = 1  # field of a dictionary: a record batch
_BUFFERS, _COMPRESSION = 2, 3  # fields of a record batch


def largest_unpacked(file: Any) -> int:
    """Return the most bytes that a compressed record batch of a mapped file takes, 0 without any.

    Input: the file at the beginning of its first message. What comes behind a damaged place is not
    looked at, since reading ends there as well.
    """
    import pyarrow as pa

    largest = 0
    try:
        while True:
            message = pa.ipc.read_message(file)
            largest = max(largest, _unpacked(message.metadata.to_pybytes(), message.body))
    except (pa.ArrowException, EOFError, OSError, ValueError, struct.error, TypeError):
        return largest


def _unpacked(metadata: bytes, body: Any) -> int:
    """The bytes of the buffers of a message once they are unpacked, 0 if they are not packed."""
    message = _at(metadata, 0)
    kind, header = (_field(metadata, message, number) for number in (_HEADER_TYPE, _HEADER))
    if not (kind and header) or metadata[kind] not in (_DICTIONARY, _RECORDS):
        return 0
    batch = _at(metadata, header)
    if metadata[kind] == _DICTIONARY:
        batch = _at(metadata, _field(metadata, batch, _DATA))
    buffers = _field(metadata, batch, _BUFFERS)
    if not buffers or not _field(metadata, batch, _COMPRESSION):
        return 0
    vector = _at(metadata, buffers)
    (count,) = struct.unpack_from("<I", metadata, vector)
    total = 0
    for offset, length in struct.iter_unpack("<qq", metadata[vector + 4 : vector + 4 + 16 * count]):
        if length >= 8:
            (unpacked,) = struct.unpack("<q", body.slice(offset, 8).to_pybytes())
            total += max(unpacked, 0)
    return total


def _at(data: bytes, place: int) -> int:
    """Where the table or vector begins that the offset at a place leads to."""
    return int(place + struct.unpack_from("<I", data, place)[0])


def _field(data: bytes, table: int, number: int) -> int:
    """Where a field of a table lies, 0 if the table lacks it."""
    fields = table - struct.unpack_from("<i", data, table)[0]
    (size,) = struct.unpack_from("<H", data, fields)
    if 4 + 2 * number >= size:
        return 0
    (offset,) = struct.unpack_from("<H", data, fields + 4 + 2 * number)
    return table + offset if offset else 0
