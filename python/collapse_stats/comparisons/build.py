"""Makes a `Comparison`: counts two corpora in one pass, or joins the tables of two profiles."""

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import Unpack

from ..backends.base import Backend
from ..backends.options import CountOptions
from ..corpus.corpus import Corpus
from ..corpus.keywords import Keywords, options_of, with_options
from ..corpus.load import Progress, read_corpus
from ..corpus.sample import DEFAULT_TOKENS
from ..counting.table import read_aligned
from ..errors import LayoutMismatchError
from ..profiles.build import counterpart, profile_source, saved_or_source
from ..profiles.profile import Profile
from ..profiles.vocabulary import in_one_vocabulary
from ..system.arguments import checked
from ..uncertainty.halves import MASKS, SIDES
from ..verdict.limits import Limits, limits_from
from .comparison import Comparison
from .series import ComparisonSeries
from .side import Side, compare_sides, share_of_memory
from .side import compare_each as compare_each_corpus


@checked
@with_options
def compare(
    baseline: object,
    candidate: object,
    *,
    limits: Limits | str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    **keywords: Unpack[Keywords],
) -> Comparison:
    """Compare a candidate with a baseline.

    Two corpora are counted in one pass that builds no n-gram table. A corpus beside a profile is
    profiled with the profile's tokenizer, vocabulary and order, and the tables are joined.

    Parameters
    ----------
    baseline, candidate
        A `Profile`, the path of a saved one, or whatever `profile` takes as its source. The options
        below hold for both.
    limits
        Limits of the verdict that `calibrate` returned, or the path of a file with them. Default:
        the builtin limits.
    progress
        Called with what is being done, how much of it is done, and how much there is in all.
    **keywords
        The options of reading and counting, which `with_options` describes here.

    Raises
    ------
    LayoutMismatchError
        Token ids do not have the same meaning on both sides, or in the corpora of the limits.
    InputError
        A side, or the file of limits, cannot be read as the options say.
    """
    (comparison,) = _compared(baseline, [candidate], limits, progress, keywords)
    return comparison


@checked
@with_options
def compare_each(
    baseline: object,
    candidates: Iterable[object],
    *,
    limits: Limits | str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    **keywords: Unpack[Keywords],
) -> ComparisonSeries:
    """Compare several candidates with one baseline: the same as `compare` with each, but faster.

    Corpora are read and counted four at a time, and the baseline is read, sampled and recounted
    once for all candidates.

    Parameters
    ----------
    baseline
        A `Profile`, the path of a saved one, or whatever `profile` takes as its source. The options
        below hold for all sides.
    candidates
        One or more of the same. A single path is not split into candidates.
    limits
        Limits of the verdict that `calibrate` returned, or the path of a file with them. Default:
        the builtin limits.
    progress
        Called with what is being done, how much of it is done, and how much there is in all.
    **keywords
        The options of reading and counting, which `with_options` describes here.

    Raises
    ------
    LayoutMismatchError
        Token ids do not have the same meaning on both sides, or in the corpora of the limits.
    InputError
        A side, or the file of limits, cannot be read as the options say.
    """
    if isinstance(candidates, str | os.PathLike):
        raise TypeError(
            f"candidates must be a list of corpora, got the single path {os.fspath(candidates)!r}: "
            "give it in a list, or call compare"
        )
    return ComparisonSeries(_compared(baseline, candidates, limits, progress, keywords))


def _compared(
    baseline: object,
    candidates: Iterable[object],
    limits: Limits | str | os.PathLike[str] | None,
    progress: Progress | None,
    keywords: Keywords,
) -> list[Comparison]:
    """Compare each candidate with the baseline, by profiles if one of the sides is one already."""
    of_verdict = limits_from(limits)
    reading, counting = options_of(keywords)
    backend = counting.selected_backend  # before anything is read, in case it is not usable
    first, *others = (saved_or_source(side) for side in (baseline, *candidates))
    saved = next((side for side in (first, *others) if isinstance(side, Profile)), None)
    if saved is None:
        share = share_of_memory(1 + len(others))
        corpora = (
            read_corpus(side, reading=reading, counting=counting, share=share, progress=progress)
            for side in (first, *others)
        )
        counted = compare_each_corpus(next(corpora), corpora, counting)
        return [replace(comparison, limits=of_verdict) for comparison in counted]
    counting = replace(counting, max_order=saved.max_order)
    profiles = (
        side
        if isinstance(side, Profile)
        else profile_source(
            side,
            reading=reading,
            counting=counting,
            beside=counterpart(saved),
            progress=progress,
        )
        for side in (first, *others)
    )
    of_baseline = next(profiles)
    joined = (
        compare_profiles(of_baseline, profile, backend, counting.memory_bytes)
        for profile in profiles
    )
    return [replace(comparison, limits=of_verdict) for comparison in joined]


def compare_profiles(
    baseline: Profile, candidate: Profile, backend: Backend, memory: int
) -> Comparison:
    """Compare two profiles by joining their n-gram tables, within `memory` bytes."""
    baseline, candidate = in_one_vocabulary([baseline, candidate])
    if baseline.max_order != candidate.max_order:
        raise LayoutMismatchError(
            f"{baseline.name} has n-grams up to order {baseline.max_order}, {candidate.name} up to "
            f"{candidate.max_order}: make both with one --max-order"
        )
    if baseline.table is None or candidate.table is None:
        return Comparison(baseline, candidate, None, backend=backend)
    halves = baseline.layout.labels == candidate.layout.labels == 2
    if not halves and baseline.layout.labels != candidate.layout.labels:
        raise LayoutMismatchError(
            f"{baseline.name} and {candidate.name} must both have halves, or neither"
        )
    masks = MASKS if halves else SIDES
    stretches = read_aligned([baseline.table, candidate.table], memory)
    joined = backend.joint_spectra(stretches, masks)
    return Comparison(baseline, candidate, joined, backend=backend)


def compare_corpora(
    baseline: Corpus,
    candidate: Corpus,
    *,
    counting: CountOptions,
    sample_tokens: int = DEFAULT_TOKENS,
) -> Comparison:
    """Compare two corpora in one pass over both, without building an n-gram table.

    Raises
    ------
    LayoutMismatchError
        The corpora are tokenized differently.
    """
    sides = (Side(corpus, counting, sample_tokens) for corpus in (baseline, candidate))
    return compare_sides(*sides)
