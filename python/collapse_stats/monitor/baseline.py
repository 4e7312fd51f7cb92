"""The baseline of a monitor: the sample that its profile keeps, compared at equal size.

Divergences and retention depend on the size of both sides, and a window fills as a run goes on. So
the newest documents meet as many tokens of the baseline's sample, in whole documents, and every
figure has its floor at that very size.
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
    """A baseline that newest documents are compared with.

    Attributes
    ----------
    profile
        The baseline's, without its table.

    Raises
    ------
    LayoutMismatchError
        when its token ids are not those of the vocabulary.
    ValueError
        when it keeps no sample of its documents, or too few documents for halves.
    """

    def __init__(self, baseline: Profile | str | os.PathLike[str], layout: Layout) -> None:
        profile = baseline if isinstance(baseline, Profile) else load(baseline)
        if profile.vocab_size != layout.vocab_size:
            raise LayoutMismatchError(
                f"baseline {profile.name} has {profile.vocab_size:,} token ids, the monitor "
                f"{layout.vocab_size:,}: give both one vocab_size"
            )
        if len(profile.sample) < MIN_DOCUMENTS_FOR_HALVES:
            raise ValueError(
                f"baseline {profile.name} must keep a sample of {MIN_DOCUMENTS_FOR_HALVES} "
                f"documents or more, got {len(profile.sample)}: make it again with more documents "
                "or --sample-tokens"
            )
        self.profile = replace(profile, table=None)  # which may be large, and is not needed
        self._layout = replace(layout, labels=4)
        self._counts = np.bincount(profile.sample.tokens, minlength=layout.vocab_size)

    @property
    def tokens(self) -> int:
        """Tokens of the sample: so many, at most, are compared."""
        return len(self.profile.sample.tokens)

    def compare(
        self, newest: Window, backend: Backend, *, samples: bool = False
    ) -> Comparison | None:
        """The newest documents against as many of the baseline; None with too few documents.

        With `samples`, with what the verdict needs.
        """
        candidate = newest.last(self.tokens)
        whole = self.profile.sample
        baseline = whole.first(within(whole.length, candidate.tokens))
        if min(len(baseline), len(candidate.length)) < MIN_DOCUMENTS_FOR_HALVES:
            return None
        chunks = [baseline.chunk(), halved(candidate, first_label=2)]
        joined = backend.spectra(chunks, self._layout, MASKS)

        def side(
            profile: Profile, masks: tuple[int, int], documents: int, sample: Sample
        ) -> Profile:
            return replace(
                profile,
                layout=replace(self._layout, labels=2),
                joint_spectra=joined.only(masks, renamed=FLOOR),
                documents=documents,
                sample=sample,
                table=None,
            )

        live = Profile("monitor", self._layout, joined, 0, Sample.empty())
        return Comparison(
            side(self.profile, FLOOR, len(baseline), baseline),
            side(
                replace(live, tokenizer=self.profile.tokenizer),
                CANDIDATE,
                len(candidate.length),
                _sample(candidate) if samples else Sample.empty(),
            ),
            joined,
        )

    def bands(self) -> dict[str, npt.NDArray[np.bool_]]:
        """Which token ids ``(vocab_size,)`` the sample has how often."""
        edges = np.searchsorted(BANDS, self._counts, side="right")
        names = [NEVER, *BAND_NAMES.values()]
        return {name: edges == number for number, name in enumerate(names)}


def _band_name(low: int, high: int | None) -> str:
    words = {(1, 1): "once", (2, 2): "twice"}
    if high is None:
        return f"seen-{low}-up"
    return "seen-" + words.get((low, high), f"{low}-{high}")


BAND_NAMES = {
    (f"{low}+" if high is None else str(low) if low == high else f"{low}-{high}"): _band_name(
        low, high
    )
    for low, high in zip(BANDS, [*(low - 1 for low in BANDS[1:]), None], strict=True)
}
"""How the bands of `Comparison.retention` are called in the keys of a monitor."""


def _sample(batch: PackedBatch) -> Sample:
    """The documents in the order of their hash, as a profile keeps them."""
    hashes = ordinal_hash(batch.ordinal)
    order = np.argsort(hashes, kind="stable")
    documents = np.split(batch.ids, np.cumsum(batch.length)[:-1])
    tokens = np.concatenate([documents[number] for number in order.tolist()])
    return Sample(hashes[order], batch.length[order], tokens.astype(np.uint32))
