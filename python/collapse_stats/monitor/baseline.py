"""The baseline of a monitor, compared with the newest tokens at equal size.

Divergences and retention depend on the size of both sides, and a window fills up during a run. So
the newest documents are compared with as many tokens from the sample of the baseline's profile, in
whole documents, and every figure has its floor at that same size.
"""

import os
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ..backends.base import Backend
from ..comparisons.comparison import Comparison
from ..corpus.sample import Sample, within
from ..corpus.split import MIN_DOCUMENTS_FOR_HALVES, ordinal_hash
from ..errors import LayoutMismatchError
from ..ngrams.layout import Layout
from ..profiles.build import load
from ..profiles.profile import Profile
from ..uncertainty.halves import BANDS, CANDIDATE, FLOOR, MASKS
from .batch import PackedBatch
from .window import Window, halved

NEVER = "seen-never"


class Baseline:
    """The baseline that the newest documents are compared with.

    Attributes
    ----------
    profile
        The baseline's profile, without its table.

    Raises
    ------
    LayoutMismatchError
        when the baseline has another vocabulary than the monitor.
    ValueError
        when the profile has no sample, or its sample has too few documents for halves.
    """

    def __init__(self, baseline: Profile | str | os.PathLike[str], layout: Layout) -> None:
        profile = baseline if isinstance(baseline, Profile) else load(baseline)
        if profile.vocab_size != layout.vocab_size:
            raise LayoutMismatchError(
                f"baseline {profile.name} has {profile.vocab_size:,} token ids, the monitor "
                f"{layout.vocab_size:,}: give both the same vocab_size"
            )
        if len(profile.sample) < MIN_DOCUMENTS_FOR_HALVES:
            raise ValueError(
                f"baseline {profile.name} must have a sample of {MIN_DOCUMENTS_FOR_HALVES} "
                f"documents or more, got {len(profile.sample)}: make the profile again with more "
                "documents or a larger --sample-tokens"
            )
        self.profile = replace(profile, table=None)  # the table may be large and is not needed
        self._layout = replace(layout, labels=4)
        self._token_counts = np.bincount(profile.sample.tokens, minlength=layout.vocab_size)

    @property
    def tokens(self) -> int:
        """Number of tokens in the sample, which is the most that are compared."""
        return len(self.profile.sample.tokens)

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
        if min(len(matched), len(newest.length)) < MIN_DOCUMENTS_FOR_HALVES:
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
            tokenizer=self.profile.tokenizer,
        )
        return Comparison(baseline, candidate, joint_spectra)

    def bands(self) -> dict[str, npt.NDArray[np.bool_]]:
        """Return for each band which token ids ``(vocab_size,)`` the sample has that often."""
        band_of_id = np.searchsorted(BANDS, self._token_counts, side="right")
        names = [NEVER, *BAND_NAMES.values()]
        return {name: band_of_id == number for number, name in enumerate(names)}


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


def _sample(batch: PackedBatch) -> Sample:
    """Return the documents in the order of their hash, as a profile keeps them."""
    hashes = ordinal_hash(batch.ordinal)
    order = np.argsort(hashes, kind="stable")
    documents = np.split(batch.ids, np.cumsum(batch.length)[:-1])
    tokens = np.concatenate([documents[number] for number in order.tolist()])
    return Sample(hashes[order], batch.length[order], tokens.astype(np.uint32))
