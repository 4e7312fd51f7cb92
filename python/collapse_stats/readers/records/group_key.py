"""The group key of a record: the value of a field whose documents share a half and a group."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...system.stable_hash import text_hash
from ...system.suggestion import did_you_mean
from ..base import listed
from ..repairs import Repairs
from ..rows import UInt64Array
from .sequences import as_list

NO_KEY = 0
"""Stands for the hash of a value that is missing or null: the document's row is its key then."""

_MISSING = "documents without a value of the group key, each of which counts by itself"


class GroupKeyError(InputError):
    """A value of the group key is neither text nor an integer.

    The file that it is in is known only to who reads the file.
    """

    def __init__(self, name: str, place: str, value: Any) -> None:
        self._problem = (
            f"the group key {name!r} must hold text or integers, got {type(value).__name__} "
            f"({place}): name another field with --group-key"
        )
        super().__init__(self._problem)

    def in_file(self, path: str) -> InputError:
        """Return the error to raise for this file."""
        return InputError(f"{path}: {self._problem}")


class KeyHashes:
    """Hashes of the values of one field, each value being hashed once.

    The hash is the `text_hash` of a text, and of an integer in decimal: 7 and ``"7"`` are one key.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._known: dict[Any, int] = {None: NO_KEY}

    def of(self, value: Any, place: str) -> int:
        """Return the hash of a value, `NO_KEY` if it is null.

        Raises
        ------
        GroupKeyError
            The value is neither text nor an integer.
        """
        if type(value) is str or type(value) is int:
            known = self._known.get(value)
            if known is None:
                known = self._known[value] = text_hash(str(value))
            return known
        plain = value if isinstance(value, Mapping) else as_list(value)
        if plain is None:
            return NO_KEY
        if isinstance(plain, str | int | np.integer) and not isinstance(plain, bool):
            return self.of(str(plain) if isinstance(plain, str) else int(plain), place)
        raise GroupKeyError(self._name, place, value)

    def of_column(self, column: Any, place: str) -> UInt64Array:
        """Return the hashes ``(R,)`` of the values of a plain Arrow array."""
        import pyarrow.compute as pc

        encoded = pc.dictionary_encode(column)
        hashes = np.array(
            [*(self.of(value, place) for value in encoded.dictionary.to_pylist()), NO_KEY],
            dtype=np.uint64,
        )
        at: npt.NDArray[np.integer] = pc.fill_null(encoded.indices, len(hashes) - 1).to_numpy(
            zero_copy_only=False
        )
        of_rows: UInt64Array = hashes[at]
        return of_rows


def note_missing(documents: int, place: str, repairs: Repairs) -> None:
    """Count documents without a value of the group key, the first of them at `place`."""
    if documents:
        repairs.add(_MISSING, place, documents)


def no_group_key(
    path: object, name: str, existing: Mapping[str, str] | Sequence[str], there: str
) -> InputError:
    """Return the error for records without the field of the group key.

    Input: the fields that exist, with what they hold if that is known, and what the records are
    called, such as ``these lines have``.
    """
    fields = (
        (f"{field} ({held})" for field, held in existing.items())
        if isinstance(existing, Mapping)
        else existing
    )
    return InputError(
        f"{path}: expected the group key {name!r}, {there} {listed(fields)}"
        f"{did_you_mean(name, existing)}: name one of them with --group-key, or leave it out"
    )


def not_a_group_key(path: object, name: str, held: str) -> InputError:
    """Return the error for a field that holds neither text nor integers."""
    return InputError(
        f"{path}: the group key {name!r} must hold text or integers, got {held}: name another "
        "field with --group-key"
    )


def no_records(path: object, name: str, what: str) -> InputError:
    """Return the error for documents that have no fields, so that none can be their group key."""
    return InputError(
        f"{path}: --group-key {name} names a field of records, and this is {what}, of which no "
        "fields are read: leave it out, or give JSON lines, Parquet, Arrow or CSV with this field"
    )
