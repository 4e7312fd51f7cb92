"""Perplexity of rare tokens: how much a corpus forgets of the rare tokens of another.

The model of a candidate is asked for human text, and so is a model of other human text, the floor.
docs/metrics.md defines the figure.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from statistics import mean
from typing import Any, TypeVar

from ...backends.selection import select
from ...corpus.split import MIN_DOCUMENTS_FOR_HALVES
from ...ngrams.chunk import Int64Array
from ...ngrams.layout import Layout
from ...profiles.profile import Profile
from ...profiles.token_bytes import bytes_of_tokens, why_no_bytes
from ...profiles.vocabulary import in_one_vocabulary
from ...system.arguments import checked
from ...system.memory import budget
from ...system.presented import Tabled
from ..weights import FALLBACK
from .band_perplexity import BandPerplexity, band_perplexities
from .bands import BANDS, HEADLINES
from .parts import PARTS, Part
from .rotation import Bits, Turn

T = TypeVar("T")
_BYTES = 300  # of memory for each token of a part, while it is asked for
Orders = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RarePerplexity(Tabled):
    """The perplexity of human text by how rare its tokens are.

    Attributes
    ----------
    order
        Of the models.
    model_tokens
        Tokens that the models of baseline and candidate have seen, on average of the three.
    floor_fallback, fallback
        Orders for which a model of the baseline, and of the candidate, takes fixed discounts,
        because the formula has none.
    bands
        Bands from rare to frequent, then all tokens, then the ends of documents. Empty when there
        are too few documents.
    warnings
        Why figures must not be trusted, or cannot be given.
    """

    order: int
    model_tokens: tuple[int, int]
    floor_fallback: Orders
    fallback: Orders
    bands: tuple[BandPerplexity, ...]
    warnings: tuple[str, ...]

    def band(self, name: str) -> BandPerplexity | None:
        """Return the band of this name, None when no figures could be given.

        Raises
        ------
        ValueError
            for a name that is not a band's.
        """
        if name not in BANDS:
            raise ValueError(f"band must be one of {', '.join(BANDS)}, got {name!r}")
        return next((band for band in self.bands if band.band == name), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON types."""
        bands = [
            {
                **asdict(band),
                "excess_bits": band.excess_bits
                and {"value": band.excess_bits.value, "error": band.excess_bits.error},
            }
            for band in self.bands
        ]
        return {
            "order": self.order,
            "smoothing": "modified-kneser-ney",
            "model_tokens": dict(zip(("baseline", "candidate"), self.model_tokens, strict=True)),
            "floor_fallback_orders": list(self.floor_fallback),
            "fallback_orders": list(self.fallback),
            "bands": bands,
            "headline_bands": list(HEADLINES),
            "warnings": list(self.warnings),
        }


@checked
def rare_perplexity(baseline: Profile, candidate: Profile, order: int = 3) -> RarePerplexity:
    """Return how well a candidate prepares a model for the rare tokens of a baseline.

    It is taken from the samples of both. Each of three parts of the baseline once gives the bands,
    once the floor's model and once the text; the candidate's model is made from as many tokens as
    the floor's.

    Parameters
    ----------
    order
        Length of the longest n-grams of the models, at most the longest counted.

    Raises
    ------
    LayoutMismatchError
        when the token ids of the two do not have the same meaning.
    CollapseStatsError
        when no document of a part is long enough for the order.
    """
    return BaselineModels(baseline, order).rare_perplexity(candidate)


class BaselineModels:
    """The bands, the texts and the models of a baseline, which serve any number of candidates.

    They are made when the first candidate needs them, and the models once for each size that is
    compared.

    Parameters
    ----------
    order
        Length of the longest n-grams of the models, at most the longest counted.
    memory
        Bytes that may be used. The three parts take turns where these are few.
    """

    def __init__(self, baseline: Profile, order: int = 3, memory: int | str | None = None) -> None:
        self._baseline = baseline
        self._order = baseline.check_order(order)
        self._backend = baseline.backend or select()
        self._parts = _parts(baseline)
        self._too_few = _too_few(baseline, self._parts)
        largest = max(part.tokens for part in self._parts)
        self._at_once = 1 if budget(memory) < 2 * PARTS * _BYTES * largest else PARTS
        self._no_bytes = why_no_bytes(baseline.tokenizer)
        self._turns: dict[int, list[Turn]] = {}  # by the size of the vocabulary

    def rare_perplexity(self, candidate: Profile) -> RarePerplexity:
        """Return `rare_perplexity` of a candidate; raises the same errors."""
        baseline, candidate = in_one_vocabulary([self._baseline, candidate])
        candidate.check_order(self._order)
        parts = _parts(candidate)
        reasons = (*self._too_few, *_too_few(candidate, parts))
        if reasons:
            return RarePerplexity(self._order, (0, 0), (), (), (), reasons)
        if baseline.vocab_size not in self._turns:
            turn = partial(self._turn, Layout(baseline.vocab_size, self._order))
            self._turns[baseline.vocab_size] = self._for_each_part(turn)
        turns = self._turns[baseline.vocab_size]
        rotations = self._for_each_part(lambda number: turns[number].against(parts))
        bands = band_perplexities(rotations, self._parts, parts)
        models = [each.floor for each in rotations], [each.candidate for each in rotations]
        floor_fallback, fallback = map(_fallback, models)
        floor_tokens, tokens = (round(mean(each.tokens for each in side)) for side in models)
        warnings = [*_warnings(bands, floor_fallback, fallback)]
        if self._no_bytes:
            warnings.append(f"no bits per byte: {self._no_bytes}")
        return RarePerplexity(
            self._order,
            (floor_tokens, tokens),
            floor_fallback,
            fallback,
            bands,
            tuple(warnings),
        )

    def _turn(self, layout: Layout, number: int) -> Turn:
        return Turn(number, self._parts, layout, self._backend, self._bytes_of)

    def _for_each_part(self, make: Callable[[int], T]) -> list[T]:
        if self._backend.on_gpu:  # the current GPU belongs to this thread
            return [make(number) for number in range(PARTS)]
        with ThreadPoolExecutor(self._at_once) as pool:
            return list(pool.map(make, range(PARTS)))

    def _bytes_of(self, ids: Int64Array) -> Int64Array | None:
        return None if self._no_bytes else bytes_of_tokens(self._baseline.tokenizer, ids.tolist())


def _parts(side: Profile) -> list[Part]:
    return [Part.of(side.name, side.sample, number) for number in range(PARTS)]


def _too_few(side: Profile, parts: Sequence[Part]) -> tuple[str, ...]:
    """Return why the documents of a side do not do, in a sentence; nothing if they do."""
    if not side.is_halved_by_documents or side.sample.keys < MIN_DOCUMENTS_FOR_HALVES:
        return (
            f"the perplexity of rare tokens needs a sample of {MIN_DOCUMENTS_FOR_HALVES} documents "
            f"or more with text, of different keys, and {side.name} has {side.sample.keys:,}: add "
            "documents",
        )
    if min(part.groups for part in parts) < 2:
        return (
            f"the documents of {side.name} are in too few groups for the perplexity of rare "
            "tokens: add documents",
        )
    return ()


def _fallback(models: Sequence[Bits]) -> Orders:
    return tuple(sorted({order for model in models for order in model.fallback}))


def _warnings(
    bands: Sequence[BandPerplexity], floor_fallback: Orders, fallback: Orders
) -> Iterator[str]:
    for whose, orders in (("baseline", floor_fallback), ("candidate", fallback)):
        if orders:
            numbers = " and ".join(map(str, orders))
            yield (
                f"a model of the {whose} takes the discounts {FALLBACK} at order {numbers}, "
                "because the formula has none for its counts"
            )
    for band in bands:
        if band.tokens and band.reason is not None:
            yield f"no excess perplexity of the band {band.band}: {band.reason}"
