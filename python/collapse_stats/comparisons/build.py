"""Two corpora to a `Comparison`: counted in one pass, or their tables joined."""

import os
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain

from ..backends.base import Backend
from ..backends.selection import select
from ..corpus.corpus import Corpus
from ..corpus.load import Progress, read_corpus
from ..corpus.sample import DEFAULT_TOKENS
from ..counting.spectra import count_spectra
from ..counting.table import read_aligned
from ..errors import LayoutMismatchError
from ..ngrams.chunk import Chunk
from ..ngrams.layout import Layout
from ..ngrams.spectrum import Masks
from ..profiles.build import load, profile, profile_of
from ..profiles.data import check_comparable
from ..profiles.profile import Profile
from ..profiles.storage import is_profile
from ..readers.options import ReadOptions
from ..system.memory import budget
from ..uncertainty.halves import CANDIDATE, FLOOR, MASKS, SIDES
from .comparison import Comparison


def compare(
    baseline: object,
    candidate: object,
    *,
    tokenizer: str | None = None,
    max_order: int = 5,
    vocab_size: int | None = None,
    text_key: str | None = None,
    ids_key: str | None = None,
    dtype: str | None = None,
    eot: int | None = None,
    doc_per_line: bool = False,
    part: str | None = None,
    skip_bad: bool = False,
    backend: str = "auto",
    threads: int | None = None,
    memory: int | str | None = None,
    tmp: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Compare a candidate with a baseline.

    Each side is a `Profile`, the path of a saved one, or whatever `profile` takes. Two corpora are
    counted in one labelled pass that builds no table; a corpus beside a profile is profiled with
    the profile's tokenizer and layout. The parameters are those of `profile`, and hold for both.

    Raises
    ------
    LayoutMismatchError
        when token ids do not mean the same on both sides.
    InputError
        when something cannot be read as what it should be.
    """
    sides = [_loaded(side) for side in (baseline, candidate)]
    known = next((side for side in sides if isinstance(side, Profile)), None)
    limit = budget(memory)
    counter = select(backend, threads)
    if known is not None:
        profiles = [
            side
            if isinstance(side, Profile)
            else profile(
                side,
                tokenizer=tokenizer or known.tokenizer.spec,
                max_order=known.max_order,
                vocab_size=vocab_size or known.vocab_size,
                text_key=text_key,
                ids_key=ids_key,
                dtype=dtype,
                eot=eot,
                doc_per_line=doc_per_line,
                part=part,
                skip_bad=skip_bad,
                backend=backend,
                threads=threads,
                memory=limit,
                tmp=tmp,
                progress=progress,
            )
            for side in sides
        ]
        return compare_profiles(profiles[0], profiles[1], counter, limit)
    options = ReadOptions(text_key, ids_key, dtype, eot, vocab_size, doc_per_line, part)  # type: ignore[arg-type]
    corpora = [
        read_corpus(
            side,
            tokenizer=tokenizer,
            options=options,
            threads=threads,
            memory=limit // 4,
            tmp=tmp,
            skip_bad=skip_bad,
            progress=progress,
        )
        for side in sides
    ]
    return compare_corpora(
        corpora[0], corpora[1], max_order=max_order, backend=counter, memory=limit
    )


def compare_profiles(
    baseline: Profile, candidate: Profile, backend: Backend, memory: int
) -> Comparison:
    """Compare two profiles by joining their tables, within `memory` bytes."""
    check_comparable(baseline, candidate)
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
    runs = read_aligned([baseline.table, candidate.table], memory)
    joined = backend.joint_spectra(runs, masks)
    return Comparison(baseline, candidate, joined, backend=backend)


def compare_corpora(
    baseline: Corpus,
    candidate: Corpus,
    *,
    max_order: int,
    backend: Backend,
    memory: int,
    sample_tokens: int = DEFAULT_TOKENS,
) -> Comparison:
    """Compare two corpora in one labelled pass over both, without building a table."""
    one, other = baseline.tokenizer.sha256, candidate.tokenizer.sha256
    on_trust = None in (one, other) and baseline.vocab_size == candidate.vocab_size
    if one != other and not on_trust and baseline.tokens and candidate.tokens:
        raise LayoutMismatchError(
            f"{baseline.name} is tokenized with {baseline.tokenizer.spec}, {candidate.name} with "
            f"{candidate.tokenizer.spec}: ids that mean different things never compare"
        )
    layout = Layout(max(baseline.vocab_size, candidate.vocab_size), max_order, 4)

    def chunks() -> Iterable[Chunk]:
        return chain(baseline.chunks(0), candidate.chunks(2))

    windows = baseline.tokens + candidate.tokens
    resident_bytes = baseline.resident_bytes + candidate.resident_bytes
    joined = count_spectra(chunks, windows, layout, backend, MASKS, memory, resident_bytes)

    def side(corpus: Corpus, masks: Masks) -> Profile:
        own = joined.only(masks, renamed=FLOOR)
        return profile_of(corpus, replace(layout, labels=2), own, sample_tokens, backend)

    return Comparison(side(baseline, FLOOR), side(candidate, CANDIDATE), joined, backend=backend)


def _loaded(side: object) -> object:
    if isinstance(side, str | os.PathLike) and is_profile(side):
        return load(side)
    return side
