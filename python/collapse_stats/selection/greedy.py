"""Lazy greedy choice: always the document that adds most for its tokens (Minoux 1978, CELF 2007).

What a document adds only falls while others are chosen. So only the document that seemed to add
most has to be looked at again, and what it adds now is compared with what others added at best.

The result has at least half of 1 - 1/e of the best possible worth (Leskovec et al. 2007), because
it is compared with the best single document.
"""

import heapq

import numpy as np

from ..ngrams.chunk import Int64Array
from .choice import Choice
from .judged import Why

_AT_A_TIME = 1 << 10  # documents that are tested for noise together, if they are not very many;
_TIMES = 64  # then they are tested about so many times, for each goes through all of them

Heap = list[tuple[float, int]]
"""Documents, each behind the negative of what a token of it adds; of equal ones the first wins."""


def greedy(choice: Choice, budget: int) -> None:
    """Choose documents of at most `budget` tokens together."""
    judged, pool = choice.judged, choice.judged.pool
    for first, packed in pool.batches():
        some = slice(first, first + len(packed.start))
        judged.worth[some], judged.left[some] = choice.ngrams.sums(*packed.all)
    fits = judged.may_be_chosen & (judged.left > 0) & (pool.length <= budget)
    candidates = np.flatnonzero(fits)
    adds_alone = judged.left[candidates]
    density = adds_alone / pool.length[candidates]
    _choose(choice, list(zip((-density).tolist(), candidates.tolist(), strict=True)), budget)
    by_worth = np.argsort(-adds_alone, kind="stable")
    best = _best(choice, candidates[by_worth[adds_alone[by_worth] > choice.worth]])
    if best is not None:
        choice.undo()
        choice.look_at(best)
        choice.take(best)


def _choose(choice: Choice, heap: Heap, budget: int) -> None:
    """Choose documents of a heap."""
    heapq.heapify(heap)
    judged, length = choice.judged, choice.judged.pool.length
    looked_at: dict[int, int] = {}  # how many others were chosen then; 0 if not looked at again
    while heap:
        document = heap[0][1]
        size = int(length[document])
        if size > budget:
            heapq.heappop(heap)
        elif looked_at.get(document, 0) < choice.number:
            looked_at[document] = choice.number
            adds = choice.look_at(document)
            if adds:
                heapq.heapreplace(heap, (-adds / size, document))
            else:
                heapq.heappop(heap)
        elif judged.why[document] == Why.UNSEEN:
            number = max(_AT_A_TIME, len(heap) // _TIMES)
            nearest = [each for _, each in heapq.nsmallest(number, heap)]
            choice.consider(np.sort(nearest))
        else:
            heapq.heappop(heap)
            if judged.why[document] == Why.OTHERS and choice.take(document):
                budget -= size


def _best(choice: Choice, documents: Int64Array) -> int | None:
    """Return the first of documents, in the order of their worth, that may be chosen."""
    for first in range(0, len(documents), _AT_A_TIME):
        some = documents[first : first + _AT_A_TIME]
        choice.consider(np.sort(some))
        may = some[choice.judged.may_be_chosen[some] | choice.judged.chosen[some]]
        if len(may):
            return int(may[0])
    return None
