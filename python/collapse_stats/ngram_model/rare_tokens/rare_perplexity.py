"""Perplexity of rare tokens: how much a corpus forgets of the rare tokens of another.

The model of a candidate is asked for human text, and so is a model of other human text, the floor.
docs/metrics.md defines the figure.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from ...backends.selection import select
from ...corpus.split import MIN_DOCUMENTS_FOR_HALVES
from ...ngrams.layout import Layout
from ...profiles.profile import Profile
from ...profiles.vocabulary import in_one_vocabulary
from ...system.arguments import checked
from ..weights import FALLBACK
from .band_perplexity import BandPerplexity, band_perplexities
from .bands import BANDS, HEADLINES
from .parts import PARTS, Part
from .rotation import rotation

Orders = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RarePerplexity:
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
            "model_tokens": list(self.model_tokens),
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
    baseline, candidate = in_one_vocabulary([baseline, candidate])
    for side in (baseline, candidate):
        side.check_order(order)
    reasons = [reason for side in (baseline, candidate) for reason in _too_few(side)]
    if reasons:
        return RarePerplexity(order, (0, 0), (), (), (), tuple(reasons))
    parts = [_parts(side) for side in (baseline, candidate)]
    backend = baseline.backend or select()
    turn = partial(
        rotation,
        baseline=parts[0],
        candidate=parts[1],
        layout=Layout(baseline.vocab_size, order),
        backend=backend,
    )
    if backend.on_gpu:  # the current GPU belongs to this thread
        rotations = [turn(number) for number in range(PARTS)]
    else:
        with ThreadPoolExecutor(2) as pool:
            rotations = list(pool.map(turn, range(PARTS)))
    bands = band_perplexities(rotations, *parts)
    floor_tokens, tokens = np.mean([each.tokens for each in rotations], axis=0).round().tolist()
    floor_fallback, fallback = (
        tuple(sorted({n for each in rotations for n in each.fallback[model]})) for model in (0, 1)
    )
    return RarePerplexity(
        order,
        (int(floor_tokens), int(tokens)),
        floor_fallback,
        fallback,
        bands,
        tuple(_warnings(bands, floor_fallback, fallback)),
    )


def _parts(side: Profile) -> list[Part]:
    return [Part.of(side.name, side.sample, number) for number in range(PARTS)]


def _too_few(side: Profile) -> Iterator[str]:
    """Yield why the documents of a side do not do."""
    if not side.is_halved_by_documents or side.sample.keys < MIN_DOCUMENTS_FOR_HALVES:
        yield (
            f"the perplexity of rare tokens needs a sample of {MIN_DOCUMENTS_FOR_HALVES} documents "
            f"or more with text, of different keys, and {side.name} has {side.sample.keys:,}: add "
            "documents"
        )
    elif min(part.groups for part in _parts(side)) < 2:
        yield (
            f"the documents of {side.name} are in too few groups for the perplexity of rare "
            "tokens: add documents"
        )


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
