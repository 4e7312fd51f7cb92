"""The fields of a profile and what follows from them alone."""

from dataclasses import dataclass, field

from ..backends.base import Backend
from ..corpus.corpus import Source, TokenizerIdentity
from ..corpus.sample import Sample
from ..counting.passes import HALVES
from ..counting.table import TableSource
from ..errors import CollapseStatsError, LayoutMismatchError
from ..ngrams.layout import Layout
from ..ngrams.spectrum import JointSpectra, JointSpectrum, Spectrum


@dataclass(frozen=True, eq=False)
class ProfileData:
    """What was counted of one corpus.

    Attributes
    ----------
    tables
        Spectra of every order: of the two halves jointly when there are halves.
    documents
        Documents counted, empty ones included.
    sample
        Whole documents to recount matched sizes and intervals from.
    table
        Where the table is, or None when none was kept.
    backend
        What counts the sample again; by default the first that is usable.
    """

    name: str
    layout: Layout
    joint_spectra: JointSpectra
    documents: int
    sample: Sample
    table: TableSource | None = None
    tokenizer: TokenizerIdentity = field(default_factory=lambda: TokenizerIdentity("none", None))
    sources: tuple[Source, ...] = ()
    boundaries: str = "each item is a document"
    halved_by: str = "documents"
    warnings: tuple[str, ...] = ()
    backend: Backend | None = None

    @property
    def vocab_size(self) -> int:
        """Ids lie below this."""
        return self.layout.vocab_size

    @property
    def max_order(self) -> int:
        """Longest n-gram counted."""
        return self.layout.max_order

    @property
    def tokens(self) -> int:
        """Tokens counted."""
        return self.windows(1)

    @property
    def known_table(self) -> TableSource:
        """The table; raises CollapseStatsError when the profile was made without it."""
        if self.table is None:
            raise CollapseStatsError(
                f"profile {self.name} was made without its table of n-grams, which this needs: "
                "make it again without --no-table (table=True)"
            )
        return self.table

    def halves(self, order: int) -> JointSpectrum | None:
        """Joint spectrum of half A and half B, or None when halves were not kept."""
        return self.joint_spectra.ngrams[self.check_order(order)].get(HALVES[0])

    def spectrum(self, order: int) -> Spectrum:
        """Spectrum of the n-grams of one order."""
        (joint,) = self.joint_spectra.ngrams[self.check_order(order)].values()
        return joint.total

    def contexts(self, order: int) -> Spectrum:
        """Spectrum of the (order - 1)-grams that begin an n-gram, by how often they do."""
        (joint,) = self.joint_spectra.contexts[self.check_order(order)].values()
        return joint.total

    @property
    def spectra(self) -> dict[int, tuple[Spectrum, Spectrum]]:
        """By order the spectra of n-grams and of their contexts."""
        return {
            order: (self.spectrum(order), self.contexts(order))
            for order in self.joint_spectra.ngrams
        }

    def windows(self, order: int) -> int:
        """n-gram occurrences N_n: the sum over documents of max(0, length - order + 1)."""
        return self.spectrum(order).occurrences

    def distinct(self, order: int) -> int:
        """Distinct n-grams V_n."""
        return self.spectrum(order).distinct

    def check_order(self, order: int) -> int:
        if not 1 <= order <= self.max_order:
            raise ValueError(
                f"order must be between 1 and {self.max_order}, the longest counted, got {order}"
            )
        return order


def check_comparable(first: ProfileData, second: ProfileData) -> None:
    """Raise LayoutMismatchError unless token ids may mean the same in both."""
    a, b = first.tokenizer, second.tokenizer
    if not a.may_equal(b):
        raise LayoutMismatchError(
            f"{first.name} was tokenized with {a.spec}, {second.name} with {b.spec}: profiles of "
            "different vocabularies never compare, make both with one --tokenizer"
        )
    if first.vocab_size != second.vocab_size:
        raise LayoutMismatchError(
            f"{first.name} has {first.vocab_size:,} token ids, {second.name} "
            f"{second.vocab_size:,}: make both with one --vocab-size"
        )
