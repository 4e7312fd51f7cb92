"""The share of the n-grams that a sample keeps, as users write it."""

import re

from ..ngrams.ngram_hash import MOST


def share_of_ngrams(value: int | str | None) -> int | None:
    """Return K of a share such as ``64`` or ``"1/64"``; None for none.

    Raises
    ------
    ValueError
        It is no power of two from 2 to 4096.

    >>> share_of_ngrams("1/64")
    64
    """
    if value is None:
        return None
    match = re.fullmatch(r"(?:1/)?(\d{1,9})", str(value), re.ASCII)
    one_of = int(match[1]) if match else 0
    if not 2 <= one_of <= MOST or one_of & (one_of - 1):
        raise ValueError(
            f"sample_ngrams must be 1/K with a power of two K from 2 to {MOST}, such as 1/64, got "
            f"{value!r}"
        )
    return one_of
