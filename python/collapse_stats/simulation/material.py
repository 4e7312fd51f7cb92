"""The human text of a simulation: what the first model learns, what is fresh, and the baseline."""

from dataclasses import dataclass, replace

import numpy as np

from ..corpus.bounds import Bounds
from ..corpus.corpus import Corpus, Segment, TokenizerIdentity
from ..corpus.document_keys import DocumentKeys, Stretch
from ..corpus.sample import Sample
from ..corpus.split import MIN_DOCUMENTS_FOR_HALVES, UInt64Array, row_hash
from ..errors import CollapseStatsError
from ..ngrams.ids import id_dtype
from ..profiles.profile import Profile
from .text import Text

DEFAULT_TOKENS = 200_000
"""Most tokens of a generation unless another number is asked for."""
PIECE = 1024
"""Longest document of a simulation; longer ones are cut into pieces, as for a model's context."""
_SPREAD = 1 << 25  # tokens of whole documents from which pieces are chosen


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """The human text of a simulation.

    Attributes
    ----------
    name
        Of the corpus that it is from.
    baseline
        Text of half A of the documents, at most as much as `learned`.
    baseline_keys
        ``(D,)``: the same for pieces of one document.
    learned
        Text of half B, the first model's.
    reserve
        The rest of half B, in which fresh text is found.
    """

    name: str
    vocab_size: int
    tokenizer: TokenizerIdentity
    baseline: Text
    baseline_keys: UInt64Array
    learned: Text
    reserve: Text

    @classmethod
    def of(
        cls, source: Corpus | Profile, tokens: int | None, generations: int, fresh: float
    ) -> "Material":
        """Return the material for generations of so many tokens, of a share `fresh` of new text.

        By default, there are as many tokens as leave enough in reserve, and at most
        `DEFAULT_TOKENS`. Documents are chosen by their hashes.

        Raises
        ------
        ValueError
            There are too few documents or tokens.
        """
        if tokens is not None and tokens < 1:
            raise ValueError(f"tokens must be at least 1, got {tokens:,}")
        wanted = tokens or DEFAULT_TOKENS
        sample = _sample(source, round(4 * wanted * (1 + generations * fresh)))
        half = [_pieces(sample, number) for number in (0, 1)]
        human, keys = half[0]
        learned, _ = half[1]
        have = len(learned.tokens)
        spare = have - generations * (fresh > 0)  # shares are rounded to whole tokens
        size = tokens or min(DEFAULT_TOKENS, max(1, int(spare / (1 + generations * fresh))))
        if size > have:
            raise ValueError(
                f"generations of {size:,} tokens take as many in the half of the documents that "
                f"the first model learns from, and {source.name} has {have:,} there: take fewer "
                "tokens, or add documents"
            )
        baseline = human.part(0, size)
        return cls(
            name=source.name,
            vocab_size=source.vocab_size,
            tokenizer=source.tokenizer,
            baseline=baseline,
            baseline_keys=keys[: len(baseline.lengths)],
            learned=learned.part(0, size),
            reserve=learned.part(size, have),
        )

    def baseline_corpus(self) -> Corpus:
        """Return the baseline, whose pieces of one document are in one half and one group."""
        corpus = self.corpus(self.baseline, "human")
        if len(np.unique(self.baseline_keys)) == len(self.baseline_keys):
            return corpus
        (segment,) = corpus.segments
        keys = replace(segment.keys, group=self.baseline_keys)
        return replace(corpus, segments=[replace(segment, keys=keys)])

    def corpus(self, text: Text, name: str) -> Corpus:
        """Return a text as a corpus of the same tokens."""
        keys = DocumentKeys.of([Stretch(0, 0, len(text.lengths), None)])
        bounds = Bounds.of(text.stops - text.lengths, text.stops)
        segment = Segment(text.tokens, bounds, keys)
        return Corpus(name, self.vocab_size, self.tokenizer, [segment])


def _sample(source: Corpus | Profile, tokens: int) -> Sample:
    """Whole documents that are enough for so many tokens in each half, if there are as many."""
    if isinstance(source, Profile):
        sample = source.sample
        if not len(sample):
            raise CollapseStatsError(
                f"a simulation needs text, and the profile {source.name} keeps no sample: give "
                "the corpus itself"
            )
    else:
        sample = source.sample(max(tokens, _SPREAD))
    is_cut = (
        source.block is not None
        if isinstance(source, Corpus)
        else not source.is_halved_by_documents
    )
    if is_cut or sample.keys < MIN_DOCUMENTS_FOR_HALVES:
        number = source.documents if is_cut else sample.keys
        raise ValueError(
            f"a simulation needs {MIN_DOCUMENTS_FOR_HALVES} documents or more, half of which are "
            f"the baseline, and {source.name} has {number:,}: add documents"
        )
    return sample


def _pieces(sample: Sample, half: int) -> tuple[Text, UInt64Array]:
    """The documents of a half in pieces, in the order of a hash, with the keys of their documents.

    The keys are hashed once more, so that they do not depend on the half.
    """
    chosen = np.flatnonzero((sample.half == half) & (sample.length > 0))
    number = -(-sample.length[chosen] // PIECE)
    document = np.repeat(chosen, number)
    place = np.arange(len(document)) - np.repeat(np.cumsum(number) - number, number)
    begins = sample.start[document] + PIECE * place
    lengths = np.minimum(PIECE, (sample.start + sample.length)[document] - begins)
    order = np.argsort(row_hash(sample.hash[document], place), kind="stable")
    begins, lengths, document = begins[order], lengths[order], document[order]
    keys = sample.hash if sample.key is None else sample.key
    inside = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    tokens = sample.tokens[np.repeat(begins, lengths) + inside]
    largest = int(tokens.max(initial=0))
    text = Text(tokens.astype(id_dtype(largest + 1)), lengths)
    return text, row_hash(keys[document], np.ones(len(document), dtype=np.int64))
