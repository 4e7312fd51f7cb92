"""The gate against noise: does the order of a document's words carry information?

Text without order is all new, so that a choice of what is new would take it first. The order gain
of a document is how many more bits a token takes under a model of human text once the tokens are
shuffled. It does not ask for a topic or a style, as the perplexity would.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..backends.options import CountOptions
from ..corpus.sample import Sample
from ..corpus.split import GROUPS, group_of
from ..errors import InputError
from ..ngram_model.model import NgramModel
from ..ngrams.chunk import Int64Array
from ..ngrams.layout import BoolArray
from ..profiles.build import profile_source
from ..profiles.profile import Profile
from ..readers.options import ReadOptions
from .pool import Packed, UInt32Array
from .shuffling import shuffled

Floats = npt.NDArray[np.float64]

ORDER = 3
"""Of the model of human text."""

LOST = 0.01
"""The share of human documents that may lie below the limit."""

PASSED = 0.001
"""The share of shuffled human documents above it that is enough; the limit is no higher then."""

FEWEST = 200
"""Pieces of human text of one length from which a limit follows."""

_FOLDS = 4  # models, each without the pieces that it is asked of
_LONGEST = 512  # tokens; documents that are longer have the limit of this length
_PIECES, _TOKENS = 4000, 1 << 18  # most pieces of one length, and most tokens of these


@dataclass(frozen=True, slots=True, eq=False)
class OrderGate:
    """Which documents are too like their own shuffled tokens.

    Attributes
    ----------
    length
        ``(K,)`` ascending: tokens of the pieces of human text that limits were taken from.
    limit
        ``(K,)``: the least order gain, in bits a token, of documents from this length on: that of
        all but a hundredth of human pieces, or of all but a thousandth of shuffled ones if that is
        lower.
    human
        ``(K, 3)``: order gain of human pieces: that of a hundredth, a twentieth, and half of them.
    noise
        ``(K,)``: what a thousandth of shuffled human pieces exceed.
    """

    model: NgramModel
    seed: int
    length: Int64Array
    limit: Floats
    human: Floats
    noise: Floats

    @classmethod
    def of(cls, baseline: Profile, least: int, seed: int, counting: CountOptions) -> "OrderGate":
        """Estimate the gate from half A of a human profile's sample.

        Limits come from documents that the models are not made from, in pieces of equal length.
        """
        sample = baseline.sample
        human = sample.half == 0
        group = group_of(sample.hash)
        models = [
            _model(baseline, human & (group % _FOLDS != fold), counting) for fold in range(_FOLDS)
        ]
        lengths, quantiles, noise = [], [], []
        for length in _grid(least):
            pieces = [
                _pieces(sample, human & (group % _FOLDS == fold), length) for fold in range(_FOLDS)
            ]
            number = sum(map(len, pieces))
            if number < FEWEST:
                break
            gains = _joined(map(_gains_of_pieces, models, pieces, [seed] * _FOLDS))
            mixed = [_mixed(each, seed + 1) for each in pieces]
            of_noise = _joined(map(_gains_of_pieces, models, mixed, [seed] * _FOLDS))
            lengths.append(length)
            quantiles.append(np.quantile(gains, [LOST, 0.05, 0.5]))
            noise.append(np.quantile(of_noise, 1 - PASSED))
        if not lengths:
            filled = int(sample.length[human].sum())
            raise InputError(
                f"the gate against noise needs {FEWEST} pieces of {least} tokens of human text, "
                f"and half A of the sample of {baseline.name} has {filled:,} tokens: give a larger "
                "baseline, a smaller --min-tokens, or --gate none"
            )
        quantile, above = np.array(quantiles), np.array(noise)
        limit = np.minimum(quantile[:, 0], above)
        model = _model(baseline, human, counting)
        return cls(model, seed, np.array(lengths), limit, quantile, above)

    def gains(self, documents: Packed) -> Floats:
        """Return the order gain of documents ``(D,)``, in bits a token; 0 of empty ones.

        Nothing may lie between the documents.
        """
        length = documents.stop - documents.start
        return _gains(self.model, documents.tokens, length, self.seed)

    @property
    def by_length(self) -> dict[int, float]:
        """The limits by the lengths from which on they hold."""
        return dict(zip(self.length.tolist(), self.limit.tolist(), strict=True))

    def limits(self, length: Int64Array) -> Floats:
        """Return the least order gain of documents of these lengths ``(D,)``."""
        at = np.searchsorted(self.length, length, side="right") - 1
        limits: Floats = self.limit[np.maximum(at, 0)]
        return limits


def _grid(least: int) -> Iterator[int]:
    """The lengths of pieces: each a little less than half as long again as the one before."""
    length = float(least)
    while length <= max(_LONGEST, least):
        yield int(length)
        length *= 2**0.5


def _model(baseline: Profile, chosen: BoolArray, counting: CountOptions) -> NgramModel:
    """A model of some documents of the sample."""
    sample = baseline.sample
    documents = [each for each, keep in zip(sample.documents(), chosen, strict=True) if keep]
    profile = profile_source(
        documents,
        reading=ReadOptions(vocab_size=baseline.vocab_size),
        counting=replace(counting, max_order=ORDER),
        name=baseline.name,
        table=False,
        sample_tokens=len(sample.tokens),
    )
    return replace(NgramModel.from_profile(profile, ORDER), tokenizer=baseline.tokenizer)


def _pieces(sample: Sample, chosen: BoolArray, length: int) -> npt.NDArray[np.uint32]:
    """Pieces ``(P, length)`` of documents, about as many of each that is long enough."""
    most = max(1, min(_PIECES, _TOKENS // length) // _FOLDS)
    number = np.where(chosen, sample.length // length, 0)
    number = np.minimum(number, -(-most // max(1, int(np.count_nonzero(number)))))
    document = np.repeat(np.arange(len(number)), number)[:most]
    place = np.arange(len(document)) - (np.cumsum(number) - number)[document]
    begin = sample.start[document] + place * length
    pieces: npt.NDArray[np.uint32] = sample.tokens[begin[:, np.newaxis] + np.arange(length)]
    return pieces


def _mixed(pieces: npt.NDArray[np.uint32], seed: int) -> npt.NDArray[np.uint32]:
    length = np.full(len(pieces), pieces.shape[1])
    return shuffled(pieces.reshape(-1), length, seed).reshape(pieces.shape)


def _gains_of_pieces(model: NgramModel, pieces: npt.NDArray[np.uint32], seed: int) -> Floats:
    return _gains(model, pieces.reshape(-1), np.full(len(pieces), pieces.shape[1]), seed)


def _gains(model: NgramModel, tokens: UInt32Array, length: Int64Array, seed: int) -> Floats:
    mixed = shuffled(tokens, length, seed)
    return _bits(model, mixed, length) - _bits(model, tokens, length)


def _bits(model: NgramModel, tokens: UInt32Array, length: Int64Array) -> Floats:
    """Bits a token of packed documents ``(D,)``; the ends of documents do not count."""
    of_tokens, _ = model.log2_probabilities(tokens, length)
    bits = np.zeros(len(length))
    filled = length > 0
    begin = (np.cumsum(length) - length)[filled]
    if len(begin):
        bits[filled] = -np.add.reduceat(of_tokens, begin) / length[filled]
    return bits


def _joined(gains: Iterator[Floats]) -> Floats:
    return np.concatenate(list(gains))


assert GROUPS % (2 * _FOLDS) == 0, "half A consists of as many groups of each fold"
