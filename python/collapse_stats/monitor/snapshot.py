"""What a monitor holds, as several ranks hand it to each other."""

from dataclasses import dataclass

from ..ngrams.table import NgramTable
from .batch import PackedBatch
from .surprisal import SurprisalSums


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a monitor's figures are made of: all that other ranks need to know.

    Attributes
    ----------
    newest
        The newest documents, oldest first: those that are compared with the baseline, and more.
    documents
        Documents counted.
    surprisals
        Of every token id.
    table
        Every window counted.
    """

    newest: PackedBatch
    documents: int
    surprisals: SurprisalSums
    run: NgramTable
