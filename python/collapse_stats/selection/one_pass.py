"""Choice in the order of the source: a document is taken if it adds enough for its tokens.

What is enough is found on a sample of the documents, which are chosen from with an equal share of
the budget. The sample covers less than all documents will, so that the first pass may leave some of
the budget; further passes ask for less of the documents that are left.
"""

import numpy as np

from ..corpus.split import row_hash
from ..ngrams.chunk import Int64Array
from .choice import Choice
from .judged import Judged
from .order_gate import Floats
from .pool import Packed

SAMPLE = 200_000, 1_000_000
"""Tokens of the sample: a twentieth of all, but no fewer and no more than this."""

_TRIALS = 10
_PASSES = 16
_AHEAD = 2  # times what is left of the budget: documents that others were taken before add less now
_LEFT = 0.01  # of the budget, which is not worth another pass


def one_pass(choice: Choice, budget: int, seed: int) -> tuple[float, ...]:
    """Choose documents of at most `budget` tokens; return what was enough in each pass.

    That is the weight that a token of a document has to add. Only the first pass reads all
    documents: later ones leave out those that added too little before, for they add no more now.
    """
    judged, pool = choice.judged, choice.judged.pool
    thresholds = [_threshold_on_sample(choice, budget, seed)]
    left = budget
    for first, packed in pool.batches():
        some = np.arange(first, first + len(packed.start))
        judged.worth[some], judged.left[some] = choice.ngrams.sums(*packed.all)
        left = _take(choice, some, packed, left, thresholds[0])
    while left > _LEFT * budget and len(thresholds) < _PASSES:
        fits = judged.may_be_chosen & (judged.left > 0) & (pool.length <= left)
        if not fits.any():
            break
        is_last = len(thresholds) == _PASSES - 1
        adds = judged.left[fits] / pool.length[fits]
        enough = 0.0 if is_last else _reached(adds, pool.length[fits], _AHEAD * left)
        thresholds.append(min(enough, thresholds[-1]))
        left = _pass(choice, left, thresholds[-1])
    return tuple(thresholds)


def _pass(choice: Choice, budget: int, threshold: float) -> int:
    """Take what adds `threshold` a token, and return what is left of the budget.

    Documents that were looked at before are looked at again only if they added enough then.
    """
    judged, pool = choice.judged, choice.judged.pool
    fits = judged.may_be_chosen & (judged.left > 0) & (pool.length <= budget)
    open_ = np.flatnonzero(fits & (judged.left >= threshold * pool.length))
    for some in pool.parts(open_):
        packed = pool.packed(some)
        judged.left[some] = choice.ngrams.sums(*packed.all)[1]
        budget = _take(choice, some, packed, budget, threshold)
    return budget


def _take(
    choice: Choice, documents: Int64Array, packed: Packed, budget: int, threshold: float
) -> int:
    """Take what adds enough of documents that were just looked at; return the budget's rest."""
    judged, length = choice.judged, choice.judged.pool.length[documents]
    left = judged.left[documents]
    enough = (left > 0) & (left >= threshold * length) & (length <= budget)
    enough &= judged.may_be_chosen[documents]
    choice.consider(documents[enough])
    enough &= judged.may_be_chosen[documents]
    for at in np.flatnonzero(enough).tolist():
        size, document = int(length[at]), int(documents[at])
        if size > budget:
            continue
        adds = int(choice.ngrams.sums(*packed.one(at))[1][0])
        judged.left[document] = adds
        if adds and adds >= threshold * size and choice.take(document, packed, at):
            budget -= size
    return budget


def _threshold_on_sample(choice: Choice, budget: int, seed: int) -> float:
    """The highest threshold at which a sample fills its share of the budget."""
    judged = choice.judged
    total = int(judged.pool.length[judged.may_be_chosen].sum())
    trial = Choice(_sample(judged, seed), choice.ngrams, choice.copies, choice.gate, is_trial=True)
    sample = trial.judged
    trial.consider(np.flatnonzero(sample.may_be_chosen))
    open_ = np.flatnonzero(sample.may_be_chosen)
    if not len(open_):
        return 0.0
    share = max(1, int(budget * sample.pool.tokens / max(total, 1)))
    alone = trial.ngrams.sums(*sample.pool.packed(open_).all)[1]
    low, high = 0.0, float((alone / sample.pool.length[open_]).max())
    for _ in range(_TRIALS):
        middle = (low + high) / 2
        sample.left[open_] = alone
        left = _pass(trial, share, middle)
        trial.undo()
        low, high = (middle, high) if left <= _LEFT * share else (low, middle)
    return low


def _sample(judged: Judged, seed: int) -> Judged:
    """Some of the documents that are long enough, by the hashes of their numbers."""
    long_enough = np.flatnonzero(judged.may_be_chosen)
    hashes = row_hash(np.uint64(seed), long_enough)
    by_hash = long_enough[np.argsort(hashes, kind="stable")]
    ends = np.cumsum(judged.pool.length[by_hash])
    fewest, most = SAMPLE
    tokens = min(max(judged.pool.tokens // 20, fewest), most)
    number = np.searchsorted(ends, tokens, side="right")
    return Judged.of(judged.pool.sub_pool(np.sort(by_hash[: max(1, int(number))])), 0)


def _reached(adds: Floats, length: Int64Array, tokens: int) -> float:
    """What the documents that add most, of so many tokens together, add at least."""
    order = np.argsort(-adds, kind="stable")
    at = int(np.searchsorted(np.cumsum(length[order]), tokens))
    return float(adds[order[min(at, len(order) - 1)]])
