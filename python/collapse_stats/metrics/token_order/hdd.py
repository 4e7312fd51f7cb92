"""HD-D: the type-token ratio expected of a small draw from a text."""

import numpy as np
import numpy.typing as npt

from ...ngrams.spectrum import Spectrum
from ..two_corpora.rarefaction import rarefied_distinct
from .documents import packed, ranked

__all__ = ["document_hdd", "hdd"]


def hdd(spectrum: Spectrum, draws: int = 42) -> float | None:
    """Expected type-token ratio of `draws` tokens drawn without replacement, in 0..1.

    `rarefied_distinct` over the draws (McCarthy & Jarvis 2007, 2010). Of a whole corpus it looks
    at its frequent tokens only; for the usual figure, of texts, see `document_hdd`. None below
    `draws` occurrences.

    Raises
    ------
    ValueError
        When `draws` is below 1.

    >>> hdd(Spectrum.from_counts([2, 2]), draws=2)
    0.8333333333333334
    """
    _check(draws)
    if spectrum.occurrences < draws:
        return None
    return rarefied_distinct(spectrum, draws) / draws


def document_hdd(
    tokens: npt.ArrayLike, lengths: npt.ArrayLike | None = None, *, draws: int = 42
) -> float | None:
    """HD-D of a document, averaged over the documents of at least `draws` tokens; in 0..1.

    None when all are shorter. Parameters and errors as of `mattr`, and of `hdd`.

    >>> round(document_hdd([[1, 1, 2, 2], [3, 4, 5, 6]], draws=2), 12)
    0.916666666667
    """
    total, documents = hdd_totals(tokens, lengths, draws)
    return total / documents if documents else None


def hdd_totals(
    tokens: npt.ArrayLike, lengths: npt.ArrayLike | None, draws: int
) -> tuple[float, int]:
    """HD-D of each long enough document added up, and the number of such documents."""
    _check(draws)
    given, long = packed(tokens, lengths)
    document = np.repeat(np.arange(len(long)), long)
    token, _ = ranked(given)
    kind, first = ranked(document * (int(token.max(initial=-1)) + 1) + token)
    m, size = np.bincount(kind), long[document[first]]
    m, size = m[size >= draws], size[size >= draws]
    missed = np.ones(len(m))
    for i in range(draws):
        missed *= np.maximum(1 - m / (size - i), 0.0)
    return float(np.sum(1 - missed)) / draws, int(np.sum(long >= draws))


def _check(draws: int) -> None:
    if draws < 1:
        raise ValueError(f"draws must be at least 1, got {draws}")
