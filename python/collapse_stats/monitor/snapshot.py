"""The contents of a monitor that ranks exchange."""

from dataclasses import dataclass

from ..ngrams.table import NgramTable
from .batch import PackedBatch
from .groups import GroupState
from .surprisal import SurprisalSums


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a monitor's figures are computed from.

    Attributes
    ----------
    newest
        The newest documents, oldest first: those that are compared with the baseline, and more.
    documents
        Number of documents counted.
    surprisals
        Sums of surprisals by token id.
    table
        Every window counted.
    groups
        The groups of documents.
    """

    newest: PackedBatch
    documents: int
    surprisals: SurprisalSums
    table: NgramTable
    groups: GroupState
