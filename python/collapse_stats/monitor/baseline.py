"""The baseline of a monitor, compared with the newest tokens at equal size.

Divergences and retention depend on the size of both sides, and a window fills up during a run. So
the newest documents are compared with as many tokens from the sample of the baseline's profile, in
whole documents, and every figure has its floor at that same size.
"""

import os
from dataclasses import replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ..backends.base import Backend
from ..comparisons.comparison import Comparison
from ..corpus.corpus import TokenizerIdentity
from ..corpus.sample import Sample, within
from ..corpus.split import MIN_DOCUMENTS_FOR_HALVES, ordinal_hash
from ..errors import LayoutMismatchError
from ..ngrams.layout import Layout
from ..profiles.build import load
from ..profiles.profile import Profile
from ..tokenizers import load as load_tokenizer
from ..uncertainty.halves import BANDS, CANDIDATE, FLOOR, MASKS
from ..verdict.repetition import repeated_share
from .batch import PackedBatch
from .surprisal import SurprisalSums, as_surprisals
from .update_args import as_floats
from .window import Window, halved

NEVER = "seen-never"
_SHIPPED = ("builtin", "bytes")  # tokenizers that are loaded without a file or a download


class Baseline:
    """The baseline that the newest documents are compared with.

    Attributes
    ----------
    profile
        The baseline's profile, without its table.
    surprisals
        What a model makes of the sample's tokens, by band in the place of the token id; None until
        there are log-probabilities.

    Parameters
    ----------
    tokenizer
        The tokenizer that the monitor's ids are of; of an unknown one if it was not named.

    Raises
    ------
    LayoutMismatchError
        when the baseline's ids have another meaning than the monitor's.
    ValueError
        when the profile has no sample, or its sample has too few documents for halves.
    """

    def __init__(
        self,
        baseline: Profile | str | os.PathLike[str],
        layout: Layout,
        tokenizer: TokenizerIdentity,
    ) -> None:
        profile = baseline if isinstance(baseline, Profile) else load(baseline)
        _check_vocabulary(profile, layout, tokenizer)
        if profile.sample.keys < MIN_DOCUMENTS_FOR_HALVES:
            of_keys = "" if profile.sample.key is None else ", each of another row or group key"
            raise ValueError(
                f"baseline {profile.name} must have a sample of {MIN_DOCUMENTS_FOR_HALVES} "
                f"documents or more{of_keys}, got {profile.sample.keys} that are not empty: make "
                "the profile again with more documents or a larger --sample-tokens"
            )
        self.profile = replace(profile, table=None)  # the table may be large and is not needed
        self._tokenizer = tokenizer
        self._layout = replace(layout, labels=4)
        self._token_counts = np.bincount(profile.sample.tokens, minlength=layout.vocab_size)
        self.surprisals: SurprisalSums | None = None

    @property
    def tokens(self) -> int:
        """Number of tokens in the sample, which is the most that are compared."""
        return len(self.profile.sample.tokens)

    @cached_property
    def repetition(self) -> float:
        """Share of a document's tokens that repeat earlier text of it, in the sample."""
        return repeated_share(self.profile.sample, self.profile.layout.vocab_size)

    def compare(
        self, window: Window, backend: Backend, *, samples: bool = False
    ) -> Comparison | None:
        """Compare the newest documents of a window with as many tokens of the baseline.

        None if either side has too few documents. With `samples`, the comparison holds what its
        verdict needs.
        """
        newest = window.last(self.tokens)
        sample = self.profile.sample
        matched = sample.first(within(sample.length, newest.tokens))
        if min(matched.keys, len(newest.length)) < MIN_DOCUMENTS_FOR_HALVES:
            return None
        chunks = [matched.chunk(), halved(newest, first_label=2)]
        joint_spectra = backend.spectra(chunks, self._layout, MASKS)
        baseline = replace(
            self.profile,
            layout=replace(self._layout, labels=2),
            joint_spectra=joint_spectra.only(FLOOR, renamed=FLOOR),
            documents=len(matched),
            sample=matched,
        )
        candidate = Profile(
            "monitor",
            baseline.layout,
            joint_spectra.only(CANDIDATE, renamed=FLOOR),
            len(newest.length),
            _sample(newest) if samples else Sample.empty(),
            tokenizer=self._tokenizer,
        )
        return Comparison(baseline, candidate, joint_spectra)

    def scored(self, logprobs: object) -> SurprisalSums:
        """Return a model's surprisal at the tokens of the sample, summed by band.

        The band of a place is how often the other documents have its token: the tokens of a run
        are not in the sample either.

        Parameters
        ----------
        logprobs
            ``(T,)``, one for each of the sample's first tokens.
        """
        values, sample = as_floats(logprobs), self.profile.sample
        if values.ndim != 1 or len(values) > self.tokens:
            raise ValueError(
                f"logprobs of the baseline must be one for each of the {self.tokens:,} tokens of "
                f"its sample, or of the first of these, got shape {values.shape}: score "
                "baseline.sample.tokens"
            )
        elsewhere = self._token_counts[sample.tokens] - _own_counts(sample)
        band = np.searchsorted(BANDS, elsewhere, side="right")
        sums = SurprisalSums(len(BANDS) + 1)
        sums.add(band[: len(values)], as_surprisals(values))
        return sums

    def bands(self) -> dict[str, npt.NDArray[np.bool_]]:
        """Return for each band which token ids ``(vocab_size,)`` the sample has that often."""
        band_of_id = np.searchsorted(BANDS, self._token_counts, side="right")
        names = [NEVER, *BAND_NAMES.values()]
        return {name: band_of_id == number for number, name in enumerate(names)}


def resolved(
    vocab_size: int | None, tokenizer: str | TokenizerIdentity | None
) -> tuple[int, TokenizerIdentity]:
    """Return the vocabulary of a monitor and the identity of its tokenizer, which may be unknown.

    Raises
    ------
    ValueError
        when there is no vocabulary, or it is smaller than that of the tokenizer.
    InputError
        when the tokenizer's file cannot be read.
    """
    if isinstance(tokenizer, str):
        loaded = load_tokenizer(tokenizer)
        if vocab_size is None:
            vocab_size = loaded.vocab_size
        elif vocab_size < loaded.vocab_size:
            raise ValueError(
                f"vocab_size must be at least that of tokenizer {tokenizer}, which is "
                f"{loaded.vocab_size:,}, got {vocab_size:,}: leave it out, or give the size of the "
                "model's embedding"
            )
        tokenizer = TokenizerIdentity(tokenizer, loaded.sha256)
    if vocab_size is None:
        raise ValueError("a monitor needs vocab_size, or the tokenizer that its ids are of")
    return vocab_size, tokenizer or TokenizerIdentity("none", None)


def _check_vocabulary(profile: Profile, layout: Layout, tokenizer: TokenizerIdentity) -> None:
    """Raise LayoutMismatchError when the ids of a baseline and a monitor differ in meaning."""
    own = profile.tokenizer
    if not own.may_equal(tokenizer):
        changed = f", and {own.change}" if own.spec == tokenizer.spec else ""
        raise LayoutMismatchError(
            f"baseline {profile.name} was made with tokenizer {own}, and the monitor's ids are of "
            f"{tokenizer}{changed}: make the baseline again with --tokenizer {tokenizer.spec}"
        )
    size = profile.vocab_size
    if tokenizer.sha256 is None and own.spec in _SHIPPED:
        size = load_tokenizer(own.spec).vocab_size  # earlier versions took any size that was given
    is_one = None not in (own.sha256, tokenizer.sha256)
    # A model may have more ids than its tokenizer, to make their number a round one.
    if size == layout.vocab_size or (is_one and size < layout.vocab_size):
        return
    of = "" if own.sha256 is None else f" of tokenizer {own}"
    raise LayoutMismatchError(
        f"baseline {profile.name} has {size:,} token ids{of}, the monitor "
        f"{layout.vocab_size:,}: the same id is another token if the tokenizers differ; make the "
        "baseline with the model's tokenizer (--tokenizer), and tell the monitor of it (tokenizer=)"
    )


def _band_label(low: int, high: int | None) -> str:
    """Return the band as `Comparison.retention` names it."""
    if high is None:
        return f"{low}+"
    return str(low) if low == high else f"{low}-{high}"


def _band_name(low: int, high: int | None) -> str:
    """Return the band as the keys of a monitor name it."""
    if high is None:
        return f"seen-{low}-up"
    words = {(1, 1): "once", (2, 2): "twice"}
    return "seen-" + words.get((low, high), f"{low}-{high}")


BAND_NAMES = {
    _band_label(low, high): _band_name(low, high)
    for low, high in zip(BANDS, [*(low - 1 for low in BANDS[1:]), None], strict=True)
}
"""Names of the bands in the keys of a monitor, by their labels in `Comparison.retention`."""


def _own_counts(sample: Sample) -> npt.NDArray[np.int64]:
    """Return for each token ``(T,)`` of a sample how often the documents of its key have it."""
    key = sample.hash if sample.key is None else sample.key
    documents = np.unique(key, return_inverse=True)[1].ravel()
    places = np.repeat(documents.astype(np.int64), sample.length) << 32 | sample.tokens
    _, kind, counts = np.unique(places, return_inverse=True, return_counts=True)
    own: npt.NDArray[np.int64] = counts[kind.ravel()]
    return own


def _sample(batch: PackedBatch) -> Sample:
    """Return the documents in the order of their hash, as a profile keeps them."""
    hashes = ordinal_hash(batch.ordinal)
    order = np.argsort(hashes, kind="stable")
    documents = np.split(batch.ids, np.cumsum(batch.length)[:-1])
    tokens = np.concatenate([documents[number] for number in order.tolist()])
    return Sample(hashes[order], batch.length[order], tokens.astype(np.uint32))
