"""A language model of n-grams, as users see it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..backends.selection import select
from ..corpus.corpus import TokenizerIdentity
from ..corpus.load import read_corpus
from ..corpus.sample import Sample, pieces, within
from ..corpus.vocabulary import Counterpart
from ..errors import CollapseStatsError
from ..ngrams.arrays import as_documents
from ..ngrams.chunk import Int64Array
from ..ngrams.ids import check_ids
from ..ngrams.layout import Layout
from ..ngrams.table import NgramTable
from ..profiles.data import check_comparable
from ..profiles.profile import Profile
from ..profiles.token_bytes import bytes_of_tokens, why_no_bytes
from ..system.arguments import checked_methods
from .located import Located
from .ngram_index import NgramIndex
from .trie import Trie
from .weights import FALLBACK, Discounts, Floats, Weights

LONGEST = 1 << 20  # tokens of one document that are looked up at once


@checked_methods
@dataclass(frozen=True, eq=False, repr=False)
class NgramModel:
    """Modified interpolated Kneser-Ney smoothing over a closed vocabulary.

    It gives every token id below `vocab_size`, and the end of a document, a probability after up to
    ``order - 1`` tokens of the same document, or its begin. A model that has seen a corpus is
    perplexed by what that corpus lacks. docs/metrics.md has the formulas (Chen & Goodman 1998).

    Attributes
    ----------
    name
        Of the profile that it was made from.
    tokens
        Number of tokens that it has seen.
    """

    name: str
    order: int
    vocab_size: int
    tokenizer: TokenizerIdentity
    tokens: int
    _index: NgramIndex
    _weights: Weights

    @classmethod
    def from_profile(
        cls, profile: Profile, order: int = 3, tokens: int | None = None
    ) -> "NgramModel":
        """Estimate a model from a profile's table, or without a table from its sample.

        A sample of blocks, which a corpus of few documents has, ends where the blocks do.

        Parameters
        ----------
        order
            Length of the longest n-grams, at most the longest counted.
        tokens
            Take this many tokens of the sample, by whole documents, even if there is a table: to
            compare models of two corpora, make them from equally many tokens.

        Raises
        ------
        CollapseStatsError
            when the profile has neither a table nor a sample, or no document that holds an n-gram
            of this order, begin and end included.
        """
        order = profile.check_order(order)
        backend = profile.backend or select()
        if tokens is not None and tokens < 1:
            raise ValueError(f"tokens must be at least 1, got {tokens}")
        if profile.table is not None and tokens is None:
            trie = Trie.of(_table(profile.run), order, backend, _documents(profile))
            seen = profile.tokens
        else:
            sample = _sample(profile, tokens)
            label = np.zeros(len(sample), dtype=np.uint8)
            layout = Layout(profile.vocab_size, order)
            trie = Trie.of_sample(sample, layout, backend, label, 1)
            seen = len(sample.tokens)
        trie.check_filled(profile.name)
        weights = Weights.of(trie, trie.counts[0], profile.vocab_size)
        return cls(
            profile.name,
            order,
            profile.vocab_size,
            profile.tokenizer,
            seen,
            trie.index,
            weights,
        )

    def __repr__(self) -> str:
        """Return the order and what the model has seen."""
        return f"<NgramModel of order {self.order} of {self.tokens:,} tokens of {self.name!r}>"

    @property
    def discounts(self) -> dict[int, Discounts]:
        """By order the discounts of n-grams with adjusted counts 1, 2, and 3 or more."""
        return dict(enumerate(self._weights.discounts, start=1))

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each order of `fallback`."""
        return tuple(
            f"order {n} takes the discounts {FALLBACK}, because the formula has none for its counts"
            for n in self.fallback
        )

    @property
    def fallback(self) -> tuple[int, ...]:
        """The orders whose discounts are 0.5, 1 and 1.5 because the formula has none for them."""
        return self._weights.fallback

    def log2_probabilities(self, tokens: object, lengths: object = None) -> tuple[Floats, Floats]:
        """Return log2 of the probability of each token, and of the end of each document.

        Parameters
        ----------
        tokens
            Token ids: one document ``(T,)``, one document per row ``(D, T)``, or documents packed
            ``(T,)`` with their lengths.
        lengths
            ``(D,)``: length of each document packed in `tokens`; they must add up to T.

        Returns
        -------
        tuple of two arrays
            One float64 for each token ``(T,)``, those of rows one after the other, and one for each
            document ``(D,)``. They are finite, and at most 0.

        Raises
        ------
        ValueError
            for an id outside the vocabulary, naming it and its position.
        """
        flat, start, stop = as_documents(tokens, lengths)
        check_ids(flat, self.vocab_size)
        sizes = stop - start
        of_tokens, of_ends = np.empty(len(flat)), np.empty(len(sizes))
        for first, last in pieces(sizes):
            inside = slice(int(start[first]), int(stop[last - 1]))
            of_tokens[inside], of_ends[first:last] = self._of_piece(flat[inside], sizes[first:last])
        return of_tokens, of_ends

    def _of_piece(
        self, tokens: npt.NDArray[np.integer], lengths: Int64Array
    ) -> tuple[Floats, Floats]:
        """Return what `log2_probabilities` does; a long document is cut, which it may be alone."""
        if len(lengths) > 1 or len(tokens) <= LONGEST:
            return self._located(tokens, lengths)
        of_tokens, of_end = np.empty(len(tokens)), np.empty(1)
        for first in range(0, len(tokens), LONGEST):
            context = min(first, self.order - 1)  # after which a begin makes no difference
            part = tokens[first - context : first + LONGEST]
            some, of_end = self._located(part, np.array([len(part)]))
            of_tokens[first : first + LONGEST] = some[context:]
        return of_tokens, of_end

    def _located(
        self, tokens: npt.NDArray[np.integer], lengths: Int64Array
    ) -> tuple[Floats, Floats]:
        logarithms = Located.of(self._index, tokens, lengths).log2_probabilities(self._weights)
        ends = np.cumsum(lengths + 1) - 1
        return np.delete(logarithms, ends), logarithms[ends]

    def perplexity(self, source: object, *, ends: bool = True) -> float:
        """Return the perplexity of a text: 2 to the mean of -log2 of its probabilities.

        Parameters
        ----------
        source
            A profile, whose sample is taken, or whatever `cs.profile` reads; text is tokenized as
            that of the model was.
        ends
            Whether the ends of documents count beside their tokens. The ends of empty documents do
            not.

        Raises
        ------
        LayoutMismatchError
            when the profile's token ids do not have the meaning of the model's.
        CollapseStatsError
            when the profile has no sample.
        """
        bits = number = 0.0
        for tokens, lengths in self._documents(source):
            bits += self._bits(tokens, lengths, ends)
            number += len(tokens) + (np.count_nonzero(lengths) if ends else 0)
        return float(2 ** (bits / number))

    def bits_per_byte(self, source: object, *, ends: bool = True) -> float | None:
        """Return -log2 of the probability of a text over the number of its UTF-8 bytes.

        Perplexities of models with different tokenizers cannot be compared, because a token is
        another piece of the text; this can be. None when the tokenizer is not known, or does not
        keep every byte. The arguments and errors are those of `perplexity`.
        """
        if why_no_bytes(self.tokenizer):
            return None
        bits, counts = 0.0, np.zeros(self.vocab_size, dtype=np.int64)
        for tokens, lengths in self._documents(source):
            bits += self._bits(tokens, lengths, ends)
            counts += np.bincount(tokens, minlength=self.vocab_size)
        ids = np.flatnonzero(counts)
        return bits / int(counts[ids] @ bytes_of_tokens(self.tokenizer, ids.tolist()))

    def _bits(self, tokens: npt.NDArray[np.integer], lengths: Int64Array, ends: bool) -> float:
        of_tokens, of_ends = self.log2_probabilities(tokens, lengths)
        return -float(of_tokens.sum()) - (float(of_ends[lengths > 0].sum()) if ends else 0)

    def _documents(self, source: object) -> Iterator[tuple[npt.NDArray[np.integer], Int64Array]]:
        """Yield tokens and lengths of some documents of a source at a time."""
        if isinstance(source, Profile):
            check_comparable(self, source)
            if not len(source.sample.tokens):
                raise CollapseStatsError(
                    f"profile {source.name} has no sample to take the perplexity of: make it again "
                    "with sample tokens, or give the text itself"
                )
            yield from source.sample.batches()
            return
        corpus = read_corpus(source, beside=Counterpart(self.tokenizer, self.vocab_size))
        for segment in corpus.segments:
            start, lengths = segment.start, segment.stop - segment.start
            for first, last in pieces(lengths):
                of_piece = lengths[first:last]
                skipped = start[first:last] - (np.cumsum(of_piece) - of_piece)
                places = np.repeat(skipped, of_piece) + np.arange(int(of_piece.sum()))
                yield segment.tokens[places], of_piece


def _sample(profile: Profile, tokens: int | None) -> Sample:
    """Return the sample, or the first of its documents with so many tokens."""
    sample = profile.sample
    if not len(sample.tokens):
        has = "no sample" if profile.table is not None else "neither"
        raise CollapseStatsError(
            "a model is made from a profile's table of n-grams or from its sample, and "
            f"{profile.name} has {has}: make it again without --no-table (table=True), or with a "
            "larger sample"
        )
    return sample if tokens is None else sample.first(within(sample.length, tokens))


def _table(labelled: NgramTable) -> NgramTable:
    """Return a table without its labels."""
    counts = labelled.counts.sum(axis=0, keepdims=True)
    return NgramTable(replace(labelled.layout, labels=1), labelled.keys, counts)


def _documents(profile: Profile) -> Int64Array | None:
    """Return the number of documents with text ``(1,)``; None if the windows say it."""
    if profile.max_order > 1:
        return None
    if profile.empty_documents is None:
        raise CollapseStatsError(
            f"profile {profile.name} of max_order 1 does not know how many of its documents are "
            "empty, and so not how often a document ends: count it with max_order=2"
        )
    return np.array([profile.filled_documents])
