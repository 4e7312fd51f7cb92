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

from ..backends.selection import select
from ..corpus.split import MIN_DOCUMENTS_FOR_HALVES
from ..ngrams.layout import Layout
from ..profiles.profile import Profile
from ..profiles.vocabulary import in_one_vocabulary
from ..system.arguments import checked
from ..uncertainty.estimate import Estimate
from ..uncertainty.jackknife import variance
from .bands import BANDS
from .parts import PARTS, Part
from .rotation import CANDIDATE, FLOOR, PLACES, Rotation, rotation
from .symbols import Symbols
from .weights import FALLBACK, Floats

MOST_UNKNOWN = 0.9
"""Share of unknown tokens above which a perplexity says nothing of the text."""


@dataclass(frozen=True, slots=True)
class BandPerplexity:
    """The perplexity of the tokens of one band in human text.

    Attributes
    ----------
    band
        How often a part of the baseline has these tokens: ``"never"``, ``"1"``, ``"2"``, ``"3-4"``,
        ``"5-8"``, ``"9-64"`` or ``"65+"``; or ``"all"`` tokens; or ``"end"``, of a document.
    tokens
        How many of them the text has: places, of all three parts together.
    types
        How many different ones, added over the three parts.
    perplexity, floor
        Under the model of the candidate, and under that of other text of the baseline; None when
        there are none, or when that model does not know `MOST_UNKNOWN` of them.
    type_perplexity, type_floor
        The same with every different token given the same weight.
    excess_bits
        Bits by which a token costs more under the candidate's model, with its standard error; None
        when `perplexity` or `floor` is.
    unknown, floor_unknown
        Share of the places whose token the model has never seen; None when there are none.
    reason
        Why figures are None; None when they are not.
    """

    band: str
    tokens: int
    types: int
    perplexity: float | None
    floor: float | None
    type_perplexity: float | None
    type_floor: float | None
    excess_bits: Estimate | None
    unknown: float | None
    floor_unknown: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class RarePerplexity:
    """The perplexity of human text by how rare its tokens are.

    Attributes
    ----------
    order
        Of the models.
    model_tokens
        Tokens that the models of candidate and baseline have seen, on average of the three.
    fallback, floor_fallback
        Orders for which some model takes fixed discounts, because the formula has none.
    bands
        Bands from rare to frequent, then all tokens, then the ends of documents. Empty when there
        are too few documents.
    warnings
        Why figures must not be trusted, or cannot be given.
    """

    order: int
    model_tokens: tuple[int, int]
    fallback: tuple[int, ...]
    floor_fallback: tuple[int, ...]
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
            "fallback_orders": list(self.fallback),
            "floor_fallback_orders": list(self.floor_fallback),
            "bands": bands,
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
    parts = [
        [Part.of(side.sample, number) for number in range(PARTS)] for side in (baseline, candidate)
    ]
    symbols = Symbols.of(baseline.sample.tokens, baseline.vocab_size)
    layout = Layout(baseline.vocab_size, order)
    backend = baseline.backend or select()
    turn = partial(
        rotation,
        baseline=parts[0],
        candidate=parts[1],
        symbols=symbols,
        layout=layout,
        backend=backend,
    )
    if backend.on_gpu:  # the current GPU belongs to this thread
        rotations = [turn(number) for number in range(PARTS)]
    else:
        with ThreadPoolExecutor(2) as pool:
            rotations = list(pool.map(turn, range(PARTS)))
    return _result(order, rotations, [part for side in parts for part in side])


def _too_few(side: Profile) -> Iterator[str]:
    """Yield why the documents of a side do not do."""
    if not side.is_halved_by_documents or side.sample.keys < MIN_DOCUMENTS_FOR_HALVES:
        yield (
            f"the perplexity of rare tokens needs a sample of {MIN_DOCUMENTS_FOR_HALVES} documents "
            f"or more with text, of different keys, and {side.name} has {side.sample.keys:,}: add "
            "documents"
        )
    elif min(Part.of(side.sample, number).groups for number in range(PARTS)) < 2:
        yield (
            f"the documents of {side.name} are in too few groups for the perplexity of rare "
            "tokens: add documents"
        )


def _result(order: int, rotations: Sequence[Rotation], parts: Sequence[Part]) -> RarePerplexity:
    sums = _added([each.sums for each in rotations])
    errors = _errors(sums, rotations, parts)
    types = _added([each.types for each in rotations])
    type_bits = _added([each.type_bits for each in rotations])
    unknown = _added([each.unknown for each in rotations])
    floor_tokens, tokens = np.mean([each.tokens for each in rotations], axis=0).round().tolist()
    floor_fallback, fallback = (
        tuple(sorted({n for each in rotations for n in each.fallback[model]})) for model in (0, 1)
    )
    bands = tuple(
        _band(name, *(figures[..., i] for figures in (sums, errors, types, type_bits, unknown)))
        for i, name in enumerate(BANDS)
    )
    return RarePerplexity(
        order,
        (int(tokens), int(floor_tokens)),
        fallback,
        floor_fallback,
        bands,
        tuple(_warnings(bands, fallback, floor_fallback)),
    )


def _added(arrays: Sequence[Floats]) -> Floats:
    added: Floats = np.sum(arrays, axis=0)
    return added


def _excess(sums: Floats) -> Floats:
    """Return bits per token ``(B,)`` beyond those of the floor; NaN for an empty band."""
    with np.errstate(invalid="ignore"):
        bits: Floats = (sums[CANDIDATE] - sums[FLOOR]) / sums[PLACES]
    return bits


def _errors(sums: Floats, rotations: Sequence[Rotation], parts: Sequence[Part]) -> Floats:
    """Return the standard errors ``(B,)`` of the excess.

    The groups of each part are left out in turn, in all rotations and roles that they have, and the
    variances of the parts are added.
    """
    total = np.zeros(sums.shape[1])
    for number, part in enumerate(parts):
        filled = np.flatnonzero(part.share)
        without = [
            _excess(_added([sums, *(r.moves[number, g] for r in rotations if (number, g) in r.moves)]))
            for g in filled.tolist()
        ]
        total += variance(_excess(sums), np.array(without), part.share[filled])
    errors: Floats = np.sqrt(total)
    return errors


def _band(
    name: str, sums: Floats, error: Floats, types: Floats, type_bits: Floats, unknown: Floats
) -> BandPerplexity:
    places = int(sums[PLACES])
    if not places:
        reason = "the text of the baseline has no such token"
        none = (None,) * 7
        return BandPerplexity(name, 0, 0, *none, reason)
    floor_unknown, candidate_unknown = (unknown / places).tolist()
    perplexities = {}
    for model, share, row in ((FLOOR, floor_unknown, 0), (CANDIDATE, candidate_unknown, 1)):
        known = share <= MOST_UNKNOWN
        means = sums[model] / places, type_bits[row] / types
        perplexities[model] = [float(2**bits) if known else None for bits in means]
    (floor, type_floor), (perplexity, type_perplexity) = (
        perplexities[model] for model in (FLOOR, CANDIDATE)
    )
    excess, reason = None, None
    if None in (floor, perplexity):
        whose = "candidate's" if perplexity is None else "baseline's"
        reason = (
            f"the {whose} model knows less than {1 - MOST_UNKNOWN:.0%} of these tokens, so that "
            "the figure would be one of its smoothing"
        )
    elif np.isfinite(error):
        excess = Estimate(float(_excess(sums[:, np.newaxis])[0]), float(error), places)
    else:
        reason = "a group of documents has all of these tokens, so that there is no standard error"
    return BandPerplexity(
        name,
        places,
        int(types),
        perplexity,
        floor,
        type_perplexity,
        type_floor,
        excess,
        candidate_unknown,
        floor_unknown,
        reason,
    )


def _warnings(
    bands: Sequence[BandPerplexity], fallback: tuple[int, ...], floor_fallback: tuple[int, ...]
) -> Iterator[str]:
    for whose, orders in (("candidate", fallback), ("baseline", floor_fallback)):
        if orders:
            yield (
                f"a model of the {whose} takes the discounts {FALLBACK} at order "
                f"{' and '.join(map(str, orders))}, because the formula has none for its counts"
            )
    for band in bands:
        if band.reason is not None and band.tokens:
            yield f"no perplexity of tokens of the band {band.band}: {band.reason}"
