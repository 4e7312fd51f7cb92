"""What the rule of the verdict reads: everything that was measured of two matched samples."""

from collections.abc import Mapping
from dataclasses import dataclass

from .novelty import Novelty


@dataclass(frozen=True, slots=True)
class Evidence:
    """Measurements that the rule uses, of two samples matched in size by whole documents.

    Pairs hold the value of the baseline and that of the candidate.

    Attributes
    ----------
    orders
        Novelty by n-gram order, for the orders at which it was measured.
    tokens, documents, distinct_documents
        Sizes of the two samples after matching. Empty documents are not counted.
    largest_share
        Largest share of its half that a single document, or those of one group key, make up, over
        both sides (0..1).
    repeated
        Share of a document that repeats earlier parts of it, averaged over documents (0..1).
    """

    orders: Mapping[int, Novelty]
    tokens: tuple[int, int]
    documents: tuple[int, int]
    distinct_documents: tuple[int, int]
    largest_share: float
    repeated: tuple[float, float]

    @property
    def duplicates(self) -> tuple[float, float]:
        """Share of documents that copy another document exactly (0..1), for each side."""
        baseline, candidate = (
            1 - distinct / max(total, 1)
            for distinct, total in zip(self.distinct_documents, self.documents, strict=True)
        )
        return baseline, candidate

    @property
    def more_repetition(self) -> float:
        """How much more of a document repeats itself in the candidate than in the baseline."""
        return self.repeated[1] - self.repeated[0]

    @property
    def more_copies(self) -> float:
        """How many more documents, as a share, are copies in the candidate than in the baseline."""
        return self.duplicates[1] - self.duplicates[0]
