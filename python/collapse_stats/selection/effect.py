"""What a choice changed: comparisons with human text that had no part in it."""

from collections.abc import Iterator

import numpy as np

from ..backends.options import CountOptions
from ..comparisons.series import ComparisonSeries
from ..comparisons.side import compare_each
from ..corpus.corpus import Corpus
from ..corpus.load import read_corpus
from ..corpus.split import row_hash
from ..ngrams.layout import BoolArray
from ..profiles.profile import Profile
from ..readers.options import ReadOptions
from .judged import Judged
from .pool import Pool, corpus_of

RANDOM, SELECTED, WITH_HUMAN = "random", "selected", "selected + human"


def effect_of(
    baseline: Profile,
    candidates: tuple[Corpus, Judged],
    human: tuple[Corpus, Judged] | None,
    budget: int,
    seed: int,
    counting: CountOptions,
) -> ComparisonSeries:
    """Compare candidates at random, the chosen ones, and these with human text, with half B."""

    def sides() -> Iterator[Corpus]:
        corpus, judged = candidates
        yield corpus_of(corpus, at_random(judged.pool, budget, seed), RANDOM)
        selected = corpus_of(corpus, judged.chosen, SELECTED)
        yield selected
        if human is not None:
            added = corpus_of(human[0], human[1].chosen, WITH_HUMAN)
            added.segments = [*selected.segments, *added.segments]
            yield added

    return ComparisonSeries(compare_each(_half_b(baseline, counting), sides(), counting))


def at_random(pool: Pool, budget: int, seed: int) -> BoolArray:
    """Return which documents are taken by chance until the budget is spent ``(D,)``."""
    order = np.argsort(row_hash(np.uint64(seed), np.arange(len(pool))), kind="stable")
    taken = np.zeros(len(pool), dtype=bool)
    taken[order[np.cumsum(pool.length[order]) <= budget]] = True
    return taken


def _half_b(baseline: Profile, counting: CountOptions) -> Corpus:
    """Half B of the sample of a human profile, as a corpus."""
    sample = baseline.sample
    documents = [each for each, half in zip(sample.documents(), sample.half, strict=True) if half]
    corpus = read_corpus(
        documents,
        reading=ReadOptions(vocab_size=baseline.vocab_size),
        counting=counting,
        name=f"{baseline.name} B",
    )
    corpus.tokenizer = baseline.tokenizer
    return corpus
