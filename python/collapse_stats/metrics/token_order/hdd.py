"""HD-D: the expected type-token ratio of a small random draw from a text."""

import numpy as np
import numpy.typing as npt

from ...ngrams.spectrum import Spectrum
from ..two_corpora.rarefaction import rarefied_distinct
from .documents import mean, packed, ranked

__all__ = ["document_hdd", "hdd"]


def hdd(spectrum: Spectrum, draws: int = 42) -> float | None:
    """Expected type-token ratio of `draws` occurrences drawn without replacement, in 0..1.

    ``rarefied_distinct(spectrum, draws) / draws`` (McCarthy & Jarvis 2007, 2010). For a whole
    corpus it depends on the frequent types only; `document_hdd` is the usual figure, for texts.
    None below `draws` occurrences.

    Raises
    ------
    ValueError
        When `draws` is below 1.

    >>> round(hdd(Spectrum.from_counts([2, 2]), draws=2), 12)
    0.833333333333
    """
    _check_draws(draws)
    if spectrum.occurrences < draws:
        return None
    return rarefied_distinct(spectrum, draws) / draws


def document_hdd(
    tokens: npt.ArrayLike, lengths: npt.ArrayLike | None = None, *, draws: int = 42
) -> float | None:
    """HD-D of a document, averaged over the documents of at least `draws` tokens, in 0..1.

    None when all documents are shorter. `tokens` and `lengths` are those of `mattr`, and `draws` is
    that of `hdd`, with the same errors.

    >>> round(document_hdd([[1, 1, 2, 2], [3, 4, 5, 6]], draws=2), 12)
    0.916666666667
    """
    return mean(*hdd_totals(tokens, lengths, draws))


def hdd_totals(
    tokens: npt.ArrayLike, lengths: npt.ArrayLike | None, draws: int
) -> tuple[float, int]:
    """Sum of HD-D over the documents of at least `draws` tokens, and their number."""
    _check_draws(draws)
    ids, sizes = packed(tokens, lengths)
    token, _ = ranked(ids)
    document = np.repeat(np.arange(len(sizes), dtype=token.dtype), sizes)
    key = np.multiply(document, int(token.max(initial=-1)) + 1, dtype=np.int64)
    key += token
    kind, first = ranked(key)
    count, size = np.bincount(kind), sizes[document[first]]
    count, size = count[size >= draws], size[size >= draws]
    missed = np.ones(len(count))
    for i in range(draws if len(count) else 0):
        missed *= np.maximum(1 - count / (size - i), 0.0)
    return float(np.sum(1 - missed)) / draws, int(np.sum(sizes >= draws))


def _check_draws(draws: int) -> None:
    if draws < 1:
        raise ValueError(f"draws must be at least 1, got {draws}")
