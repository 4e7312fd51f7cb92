"""Which rows of its source the documents of a batch come from, and what their group keys are."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]
UInt64Array = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows, lines, samples or items that a batch accounts for, and those of its documents.

    Attributes
    ----------
    number
        How many rows there are, those without a document included.
    of_document
        ``(D,)`` ascending: the row of each document, from 0 on in the batch. Documents of one row
        follow each other.
    keys
        ``(D,)`` the `text_hash` of each document's value of the group key, 0 where it has none;
        None without a group key.
    """

    number: int
    of_document: Int64Array
    keys: UInt64Array | None = None

    @classmethod
    def or_none(
        cls, number: int, of_document: Int64Array, keys: UInt64Array | None = None
    ) -> "Rows | None":
        """Return the rows; None, as a batch has it, if each row is just one document."""
        if keys is None and len(of_document) == number:
            last = int(of_document[-1]) if number else -1
            if last == number - 1 and bool((np.diff(of_document) == 1).all()):
                return None
        return cls(number, of_document, keys)

    def placed(self, row: Int64Array, number: int) -> "Rows":
        """Return the same documents where row i is row ``row[i]`` of `number` rows."""
        return Rows(number, row[self.of_document], self.keys)


def kept_rows(keep: npt.NDArray[np.bool_], keys: UInt64Array | None = None) -> Rows | None:
    """Return the rows of which those that are kept ``(R,)`` are a document each.

    `keys` ``(R,)`` are those of all rows.
    """
    of_document = np.flatnonzero(keep)
    return Rows.or_none(len(keep), of_document, None if keys is None else keys[of_document])


def rows_of_lists(
    rows: Rows | None, of_list: Int64Array, lists: int, cut_by_ids: bool
) -> Rows | None:
    """Return the rows of documents that lists of ids have been cut into.

    Parameters
    ----------
    rows
        Those of the lists; None if each row is just one list.
    of_list
        ``(D,)`` ascending: the list of each document.
    lists
        How many lists there are.
    cut_by_ids
        Whether boundary ids cut them, which separate documents that have nothing to do with each
        other. A row counts as as many rows as it has documents then.
    """
    of_document = of_list if rows is None else rows.of_document[of_list]
    number = lists if rows is None else rows.number
    keys = None if rows is None or rows.keys is None else rows.keys[of_list]
    if cut_by_ids:
        documents = np.bincount(of_document, minlength=number)
        taken = np.maximum(documents, 1)
        first = np.cumsum(taken) - taken
        within = np.arange(len(of_document)) - (np.cumsum(documents) - documents)[of_document]
        of_document, number = first[of_document] + within, int(taken.sum())
    return Rows.or_none(number, of_document, keys)
