"""What an n-gram is worth: 1 if earlier generations lack it, more if human text has it rarely.

Weights are whole numbers of 1 / `UNIT`, so that sums do not depend on the order of adding.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ..backends.ngram_set import BYTES, NgramSet, keys_of, ngram_set
from ..counting.table import read_aligned
from ..errors import InputError
from ..ngrams.chunk import Int64Array
from ..ngrams.layout import UInt64Array
from ..profiles.data import ProfileData
from ..system.budget import Budget
from ..system.memory import TooLittleMemoryError

UNIT = 256
"""The weight of an n-gram that neither the reference nor human text has."""

KNOWN = UNIT // 4
"""The weight of one that the reference has; human text may make it larger, too."""

RARITY = 8
"""An n-gram seen c times in human text is worth 1 + log2(1 + RARITY / c) times as much."""

_TABLED = 1 << 10  # counts whose factor is looked up; of larger ones it is nearly 1


def weights_of(
    references: Sequence[ProfileData],
    baseline: ProfileData | None,
    order: int,
    code_bits: int,
    covered_at_most: int,
    beside: int,
    memory: Budget,
    threads: int,
) -> NgramSet:
    """Return the n-grams of the reference and of half A of human text, with their weights.

    Parameters
    ----------
    covered_at_most, beside
        How many n-grams will be covered, and how many other sets will have, for the account of
        memory.
    """
    profiles = [*references, *filter(None, [baseline])]
    known = sum(profile.distinct(order) for profile in profiles)
    room = known + covered_at_most
    needed = memory.used() + BYTES * (room + beside)
    if needed > memory:
        raise TooLittleMemoryError(
            memory, needed, "a lower order, or a smaller budget: n-grams are kept in memory"
        )
    ngrams = ngram_set(order, code_bits, UNIT, room, threads)
    for reference in references:
        for keys, _ in ngrams_of(reference, order, code_bits, memory):
            ngrams.put(keys, np.full(len(keys), KNOWN, dtype=np.uint16))
    if baseline is not None:
        for keys, counts in ngrams_of(baseline, order, code_bits, memory):
            human = counts[0] > 0  # half B is for judging what was chosen
            keys = keys[human]
            known_as = ngrams.get(keys).astype(np.float64)
            before = np.where(known_as == 0, UNIT, known_as)
            ngrams.put(keys, np.rint(before * rarity(counts[0][human])).astype(np.uint16))
    return ngrams


def rarity(counts: npt.NDArray[np.unsignedinteger]) -> npt.NDArray[np.float64]:
    """Return the factor of the weight of n-grams that human text has so often ``(K,)``.

    >>> rarity(np.array([1, 8], dtype=np.uint64)).round(3).tolist()
    [4.17, 2.0]
    """
    of_count = np.ones(_TABLED + 1)
    of_count[1:] += np.log2(1 + RARITY / np.arange(1, _TABLED + 1))
    factors: npt.NDArray[np.float64] = of_count[np.minimum(counts, _TABLED).astype(np.int64)]
    return factors


def ngrams_of(
    profile: ProfileData, order: int, code_bits: int, memory: Budget
) -> Iterator[tuple[UInt64Array, UInt64Array]]:
    """Yield the keys ``(K,)`` of the n-grams of one order and their counts ``(labels, K)``."""
    if profile.table is None:
        raise InputError(
            f"{profile.name} has no table of n-grams, which choosing documents needs: make the "
            "profile again without --no-table and --sample-ngrams"
        )
    for (table,) in read_aligned([profile.table], memory):
        rows, counts = table.ngrams(order)
        codes = (table.tokens(rows)[:order] + 1).astype(np.uint64)
        yield keys_of(codes, code_bits), counts


def per_token(weights: Int64Array, length: Int64Array) -> npt.NDArray[np.float64]:
    """Return sums of weights as novelty: n-grams' worth for each token ``(D,)``; 0 without one."""
    worth: npt.NDArray[np.float64] = weights / (UNIT * np.maximum(length, 1))
    return worth
