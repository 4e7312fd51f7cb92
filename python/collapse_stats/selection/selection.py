"""What was chosen, why, and what that changed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..comparisons.series import ComparisonSeries
from ..ngrams.chunk import Int64Array
from ..ngrams.layout import BoolArray
from ..system.arguments import checked_methods
from ..system.presented import Presented
from ..system.wording import counted
from .judged import Why

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SelectedDocuments:
    """All documents of one source of candidates, in its order, each with what was decided.

    Attributes
    ----------
    paths
        The files of the source.
    file
        ``(D,)``: which of the `paths` each document is from.
    ordinal
        ``(D,)``: row of the document in its file, from 0 on: its line, row or item.
    tokens
        ``(D,)``: number of tokens.
    novelty
        ``(D,)``: the worth of the distinct n-grams of each token, 1 if each token begins an n-gram
        that neither the reference nor human text has.
    order_gain
        ``(D,)``: bits that a token takes more once the document is shuffled; NaN where that was not
        asked.
    copy
        ``(D,)``: the share of its stretches of eight tokens that the reference has, or for a
        near-copy of documents chosen before, that these have; NaN where that was not asked.
    kept
        ``(D,)``: whether the document was chosen.
    why
        ``(D,)``: number of the reason; `reasons` are the words.
    """

    paths: tuple[str, ...]
    file: npt.NDArray[np.int32]
    ordinal: Int64Array
    tokens: Int64Array
    novelty: Floats
    order_gain: Floats
    copy: Floats
    kept: BoolArray
    why: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.kept)

    @property
    def ordinals(self) -> dict[str, list[int]]:
        """Path -> the rows of the documents that were chosen, in ascending order."""
        return {
            path: self.ordinal[self.kept & (self.file == number)].tolist()
            for number, path in enumerate(self.paths)
        }

    @property
    def kept_tokens(self) -> int:
        """Number of tokens of the chosen documents."""
        return int(self.tokens[self.kept].sum())

    @property
    def reasons(self) -> dict[str, int]:
        """What became of the documents -> of how many; reasons that no document has are left out.

        They are ``chosen``, ``others bring more``, ``too short``, ``order gain too low`` and
        ``near-copy``.
        """
        found: dict[str, int] = {}
        for why, number in zip(Why, np.bincount(self.why, minlength=len(Why)), strict=True):
            if number:
                found[why.words] = found.get(why.words, 0) + int(number)
        return found

    def to_arrow(self) -> Any:
        """Return a table of Arrow with these columns, which is what selection.parquet holds."""
        import pyarrow as pa

        names = pa.array(self.paths, pa.string())
        paths = pa.DictionaryArray.from_arrays(pa.array(self.file), names)
        words = pa.array([why.words for why in Why], pa.string())
        return pa.table(
            {
                "path": paths,
                "ordinal": self.ordinal,
                "tokens": self.tokens,
                "novelty": self.novelty,
                "order_gain": pa.array(self.order_gain, from_pandas=True),
                "copy": pa.array(self.copy, from_pandas=True),
                "kept": self.kept,
                "why": pa.DictionaryArray.from_arrays(pa.array(self.why), words).cast(pa.string()),
            }
        )


@checked_methods
@dataclass(frozen=True, eq=False, repr=False)
class Selection(Presented):
    """The documents that `select` chose.

    Attributes
    ----------
    candidates
        All candidates, and which of them were chosen.
    human
        The same of the human text to add; None without any.
    budget
        Number of tokens that were asked for.
    order
        Length of the n-grams that novelty is about.
    method
        ``greedy`` or ``one-pass``.
    thresholds
        With ``one-pass``: the novelty that a document had to add, in each pass over the candidates.
    gate_limits
        Tokens -> the order gain, in bits a token, that documents from this length on must have;
        empty without a gate.
    human_copy
        The mean share of stretches that held-out human documents have in common with the reference:
        the floor of `SelectedDocuments.copy`. None without a human baseline.
    effect
        Comparisons with half B of the human baseline, which neither the gate nor the choice saw:
        of candidates chosen at random, of the selected ones, and with the human text added. None
        without a human baseline.
    warnings
        What to know before trusting the choice.
    """

    candidates: SelectedDocuments
    human: SelectedDocuments | None
    budget: int
    order: int
    method: str
    thresholds: tuple[float, ...]
    gate_limits: dict[int, float]
    human_copy: float | None
    effect: ComparisonSeries | None
    warnings: tuple[str, ...]

    def __repr__(self) -> str:
        """Return how much was chosen of how much, and the share of human text."""
        documents = counted(self.documents, "document")
        return (
            f"<Selection of {documents} with {counted(self.tokens, 'token')}, "
            f"{100 * self.human_share:.0f} % of it human text, from "
            f"{counted(len(self.candidates), 'candidate')}>"
        )

    @property
    def sources(self) -> tuple[SelectedDocuments, ...]:
        """The candidates, and the human text if there is any."""
        return (self.candidates,) if self.human is None else (self.candidates, self.human)

    def to_arrow(self) -> Any:
        """Return the rows of all sources as one table of Arrow."""
        import pyarrow as pa

        return pa.concat_tables([source.to_arrow() for source in self.sources]).unify_dictionaries()

    @property
    def documents(self) -> int:
        """Number of documents that were chosen."""
        return sum(int(source.kept.sum()) for source in self.sources)

    @property
    def tokens(self) -> int:
        """Number of tokens that were chosen."""
        return sum(source.kept_tokens for source in self.sources)

    @property
    def human_share(self) -> float:
        """The share of human text among the tokens that were chosen."""
        return self.human.kept_tokens / max(self.tokens, 1) if self.human else 0.0
