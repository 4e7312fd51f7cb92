"""The fields of a profile, and figures that follow directly from them."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from ..backends.base import Backend
from ..corpus.corpus import Source, TokenizerIdentity
from ..corpus.sample import DEFAULT_TOKENS, Sample
from ..corpus.split import RULE
from ..counting.ngram_sample import NgramSample
from ..counting.table import TableSource
from ..errors import CollapseStatsError, LayoutMismatchError
from ..ngrams.ids import is_implied
from ..ngrams.layout import Layout
from ..ngrams.spectrum import HALVES, JointSpectra, JointSpectrum, Spectrum
from ..system.arguments import conforming
from ..system.wording import counted
from ..uncertainty.recounted_sample import RecountedSamples
from ..uncertainty.sampling_errors import SamplingErrors

BY_DOCUMENTS = "documents"


@dataclass(frozen=True, eq=False, repr=False)
class ProfileData:
    """The counts of one corpus.

    Attributes
    ----------
    joint_spectra
        Spectra of every order, for a single pair of masks: the two halves, or the whole corpus. It
        is empty where n-grams are sampled.
    documents
        Number of documents counted, including empty ones.
    empty_documents
        How many of them are empty; None if that is not known.
    sample
        Whole documents, to be counted again for matched sizes and intervals.
    table
        Source of the n-gram table; None when no table was kept.
    ngram_sample
        The sample of n-grams that spectra are estimated from; None where all were counted.
    backend
        The backend that counts the sample again; None for the first usable one.
    group_key
        The field whose documents of one value share a half and a group; None if there is none.
    halves_rule
        Name of the rule by which a document's half follows from its key; see `corpus.split`.
    sample_tokens
        How many tokens the sample may have.
    recounted
        The sample at the sizes at which it is compared, which copies of the profile share.
    """

    name: str
    layout: Layout
    joint_spectra: JointSpectra
    documents: int
    sample: Sample
    table: TableSource | None = None
    ngram_sample: NgramSample | None = None
    tokenizer: TokenizerIdentity = field(default_factory=lambda: TokenizerIdentity("none", None))
    sources: tuple[Source, ...] = ()
    boundaries: str = "each item is a document"
    halved_by: str = BY_DOCUMENTS
    warnings: tuple[str, ...] = ()
    backend: Backend | None = None
    empty_documents: int | None = None
    group_key: str | None = None
    halves_rule: str = RULE
    sample_tokens: int = DEFAULT_TOKENS
    recounted: RecountedSamples = field(
        default_factory=lambda: RecountedSamples(Sample.empty()), repr=False
    )

    def __post_init__(self) -> None:
        """Keep recounts of this very sample, which copies of a profile share, and no others."""
        if self.recounted.sample is not self.sample:
            object.__setattr__(self, "recounted", RecountedSamples(self.sample))

    @property
    def vocab_size(self) -> int:
        """Number of token ids: every id lies below this."""
        return self.layout.vocab_size

    @property
    def max_order(self) -> int:
        """Length of the longest n-grams counted."""
        return self.layout.max_order

    @property
    def tokens(self) -> int:
        """Number of tokens counted."""
        return self.windows(1)

    @property
    def filled_documents(self) -> int:
        """Number of documents counted that hold a token; with empty ones if those are not known."""
        return self.documents - (self.empty_documents or 0)

    @property
    def is_halved_by_documents(self) -> bool:
        """Whether halves consist of whole documents, and not of blocks of few documents."""
        return self.halved_by == BY_DOCUMENTS

    @property
    def division(self) -> str:
        """What decides the half of a document, as words for a message."""
        if self.halves_rule != RULE:
            return f"the rule {self.halves_rule!r}"
        return "file and row" if self.group_key is None else f"the group key {self.group_key!r}"

    @property
    def has_whole_sample(self) -> bool:
        """Whether all documents, or all of their blocks, are in the sample."""
        whole = len(self.sample) == self.documents or not self.is_halved_by_documents
        return whole and len(self.sample.tokens) == self.tokens

    @property
    def known_table(self) -> TableSource:
        """The table source; raises CollapseStatsError when the profile was made without it."""
        if self.ngram_sample is not None:
            raise CollapseStatsError(
                f"profile {self.name} keeps one in {self.ngram_sample.one_of:,} n-grams, and not "
                "the table of all, which this needs: make it again without --sample-ngrams "
                "(sample_ngrams=None)"
            )
        if self.table is None:
            raise CollapseStatsError(
                f"profile {self.name} was made without its table of n-grams, which this needs: "
                "make it again without --no-table (table=True)"
            )
        return self.table

    @property
    def has_halves(self) -> bool:
        """Whether documents belong to halves, so that there are floors, if only of the sample."""
        return self.layout.labels > 1 or self.ngram_sample is not None

    def halves(self, order: int) -> JointSpectrum | None:
        """Return the joint spectrum of half A and half B, or None when halves were not kept."""
        order = self.check_order(order)
        if self.ngram_sample is not None:
            return None
        return self.joint_spectra.ngrams[order].get(HALVES[0])

    def spectrum(self, order: int) -> Spectrum:
        """Return the spectrum of the n-grams of one order, estimated if n-grams are sampled."""
        order = self.check_order(order)
        if self.ngram_sample is not None:
            return self.ngram_sample.ngrams(order)
        if order not in self._spectra:
            (joint,) = self.joint_spectra.ngrams[order].values()
            self._spectra[order] = joint.total
        return self._spectra[order]

    @cached_property
    def _spectra(self) -> dict[int, Spectrum]:
        return {}

    def contexts(self, order: int) -> Spectrum:
        """Return the spectrum of the (order - 1)-grams that begin an n-gram, by how often."""
        order = self.check_order(order)
        if self.ngram_sample is not None:
            return self.ngram_sample.contexts(order)
        (joint,) = self.joint_spectra.contexts[order].values()
        return joint.total

    @cached_property
    def sampling_errors(self) -> SamplingErrors | None:
        """Errors of the figures because n-grams are sampled; None where all were counted."""
        return None if self.ngram_sample is None else SamplingErrors(self.ngram_sample)

    @property
    def spectra(self) -> dict[int, tuple[Spectrum, Spectrum]]:
        """Spectra of the n-grams and of their contexts, by order."""
        orders = range(1, self.max_order + 1)
        return {order: (self.spectrum(order), self.contexts(order)) for order in orders}

    def windows(self, order: int) -> int:
        """Return the number of n-grams N_n: max(0, length - order + 1), summed over documents."""
        if self.ngram_sample is not None:
            return self.ngram_sample.windows(self.check_order(order))
        return self.spectrum(order).occurrences

    def distinct(self, order: int) -> int:
        """Return the number of distinct n-grams V_n, estimated if n-grams are sampled."""
        if self.ngram_sample is not None:
            return self.ngram_sample.distinct(self.check_order(order))
        return self.spectrum(order).distinct

    def check_order(self, order: int) -> int:
        """Return `order`; raise ValueError when it was not counted."""
        order = conforming("order", order, int)
        if not 1 <= order <= self.max_order:
            raise ValueError(
                f"order must be between 1 and {self.max_order}, the longest counted, got {order}"
            )
        return order


def described(profile: ProfileData) -> str:
    """Return the name of a profile with its size: ``'human' (1,200 tokens, 30 documents)``."""
    tokens, documents = counted(profile.tokens, "token"), counted(profile.documents, "document")
    return f"{profile.name!r} ({tokens}, {documents})"


class Tokenized(Protocol):
    """What has token ids: a profile, a corpus, or a model."""

    @property
    def name(self) -> str:
        """The name in messages."""

    @property
    def tokenizer(self) -> TokenizerIdentity:
        """What the ids mean."""

    @property
    def vocab_size(self) -> int:
        """Every id lies below this."""


def check_comparable(first: Tokenized, second: Tokenized) -> None:
    """Raise LayoutMismatchError when token ids mean different things in the two."""
    a, b = first.tokenizer, second.tokenizer
    if not a.may_equal(b):
        changed = f", and {a.change}" if a.spec == b.spec else ""
        raise LayoutMismatchError(
            f"{first.name} was tokenized with {a}, {second.name} with {b}{changed}: profiles of "
            "different vocabularies never compare, make both again with one --tokenizer"
        )
    # Vocabularies of one tokenizer may have different sizes: see `profiles.vocabulary`.
    sizes = first.vocab_size, second.vocab_size
    is_one = a.sha256 == b.sha256 and (a.sha256 is not None or all(map(is_implied, sizes)))
    if sizes[0] != sizes[1] and not is_one:
        raise LayoutMismatchError(
            f"{first.name} has {sizes[0]:,} token ids, {second.name} {sizes[1]:,}: make both with "
            "one --vocab-size, or with the --tokenizer that the ids are of"
        )
