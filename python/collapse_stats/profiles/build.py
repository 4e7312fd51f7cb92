"""Makes profiles: of a source, of a corpus that has been read, or from a directory."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..backends.base import Backend
from ..backends.options import CountOptions
from ..corpus.corpus import Corpus
from ..corpus.load import Progress, read_corpus
from ..corpus.provenance.declaration import Declaration
from ..corpus.sample import DEFAULT_TOKENS
from ..corpus.vocabulary import Counterpart
from ..counting.passes import TableUse, count_tables, passes
from ..counting.spectra import spectra_in_passes
from ..ngrams.layout import Layout
from ..ngrams.spectrum import HALVES, NO_HALVES, JointSpectra
from ..ngrams.table import NgramTable
from ..readers.options import ReadOptions
from ..readers.remote.location import expanded
from ..system.arguments import checked
from ..system.memory import TooLittleMemoryError
from ..uncertainty.jackknife import LABELS
from .data import BY_DOCUMENTS
from .profile import Profile
from .sampled import sampled_profile
from .storage import is_profile, read, with_table

_RECOUNTS = 8 << 20  # bytes of the spectra of recounts, and of figures


def profile_source(
    source: object,
    *,
    reading: ReadOptions,
    counting: CountOptions,
    name: str | None = None,
    halves: bool = True,
    table: bool = True,
    sample_tokens: int = DEFAULT_TOKENS,
    sample_ngrams: int | None = None,
    beside: Counterpart | None = None,
    declared: Declaration | None = None,
    progress: Progress | None = None,
) -> Profile:
    """Read a corpus, whose tokens may take half of the memory, and profile it."""
    corpus = read_corpus(
        source,
        reading=reading,
        counting=counting,
        name=name,
        share=2,
        beside=beside,
        declared=declared,
        progress=progress,
    )
    return profile_corpus(
        corpus,
        counting=counting,
        halves=halves,
        table=table,
        sample_tokens=sample_tokens,
        sample_ngrams=sample_ngrams,
        progress=progress,
    )


def profile_corpus(
    corpus: Corpus,
    *,
    counting: CountOptions,
    backend: Backend | None = None,
    halves: bool = True,
    table: bool = True,
    sample_tokens: int = DEFAULT_TOKENS,
    sample_ngrams: int | None = None,
    save_to: Path | None = None,
    progress: Progress | None = None,
) -> Profile:
    """Profile of a corpus that has been read.

    Parameters
    ----------
    backend
        Default: the one that `counting` names.
    sample_ngrams
        K: one in K n-grams is kept, and no table. None: all are counted.
    save_to
        New directory in which to save the profile; its table is written while it is counted.
    """
    backend, memory = backend or counting.selected_backend, counting.memory_bytes
    if sample_ngrams is not None:
        layout = Layout(corpus.vocab_size, counting.max_order)
        bare = profile_of(corpus, layout, JointSpectra({}, {}), sample_tokens, backend)
        chunks = partial(corpus.chunks, halves=False)
        return sampled_profile(
            bare, chunks, corpus.tokens, sample_ngrams, backend, counting, save_to, progress
        )
    layout = Layout(corpus.vocab_size, counting.max_order, 2 if halves else 1)
    chunks = partial(corpus.chunks, halves=halves)
    use = TableUse.spectra if not table else TableUse.kept if save_to is None else TableUse.written
    # The sample is taken before counting takes memory, and stays.
    bare = profile_of(corpus, layout, JointSpectra({}, {}), sample_tokens, backend)
    windows, resident_bytes = corpus.tokens, bytes_in_use(counting, [corpus])
    # Figures are taken from samples at once unless a table is made, which is for later.
    least = 0 if table else resident_bytes + bytes_for_samples(backend, layout)
    with at_least(memory, least):
        needed = passes(chunks, windows, layout, backend, memory, use, resident_bytes)
    if not table:
        masks = HALVES if halves else NO_HALVES
        spectra = spectra_in_passes(chunks, layout, backend, masks, needed)
        profile = replace(bare, joint_spectra=spectra)
        if save_to is not None:
            profile.save(save_to)
        return profile

    def tables() -> Iterator[NgramTable]:
        for number, key_ranges in enumerate(needed, 1):
            yield from count_tables(chunks, windows, layout, backend, [key_ranges], use)
            if progress:
                progress("counting", number, len(needed))

    fixed, per_window = backend.needs(layout, layout.key_ranges, rows=True)
    enough = resident_bytes + fixed + 2 * per_window * windows
    return with_table(bare, tables(), backend, save_to, memory, resident_bytes, enough)


def bytes_in_use(counting: CountOptions, corpora: Sequence[Corpus]) -> int:
    """Bytes of the memory in use when corpora are about to be read, with what reading takes."""
    read_at_once = max(corpus.read_at_once for corpus in corpora)
    held = sum(corpus.resident_bytes - corpus.read_at_once for corpus in corpora)
    return counting.used(held) + read_at_once


def bytes_for_samples(backend: Backend, layout: Layout) -> int:
    """Bytes that recounting samples takes at least, with what it keeps."""
    fixed, each = backend.needs(replace(layout, labels=LABELS), 1, rows=False)
    return fixed + each * DEFAULT_TOKENS // layout.key_ranges + _RECOUNTS


@contextmanager
def at_least(memory: int, least: int) -> Iterator[None]:
    """Raise TooLittleMemoryError if the memory is less than `least`, or than a plan needs.

    So the error names what is enough for both.
    """
    try:
        yield
    except TooLittleMemoryError as error:
        raise TooLittleMemoryError(memory, max(least, error.least), error.otherwise) from None
    if least > memory:
        raise TooLittleMemoryError(memory, least)


def profile_of(
    corpus: Corpus, layout: Layout, spectra: JointSpectra, sample_tokens: int, backend: Backend
) -> Profile:
    """Profile of a corpus from spectra that are counted already, without a table."""
    block = corpus.block
    return Profile(
        name=corpus.name,
        layout=layout,
        joint_spectra=spectra,
        documents=corpus.documents,
        empty_documents=corpus.empty_documents,
        sample=corpus.sample(sample_tokens),
        tokenizer=corpus.tokenizer,
        sources=corpus.sources,
        boundaries=corpus.boundaries,
        halved_by=BY_DOCUMENTS if block is None else f"blocks of {block} tokens",
        group_key=corpus.group_key,
        sample_tokens=sample_tokens,
        warnings=tuple(corpus.warnings),
        backend=backend,
    )


def counterpart(profile: Profile) -> Counterpart:
    """What a corpus is told of the profile that it is to be compared with."""
    return Counterpart(profile.tokenizer, profile.vocab_size)


def saved_or_source(side: object) -> object:
    """Return the profile that is saved at a path; what is no such path as it is."""
    if isinstance(side, str | os.PathLike) and is_profile(side):
        return load(side)
    return side


@checked
def load(path: str | os.PathLike[str]) -> Profile:
    """Profile saved in a directory; its table is read when it is first needed.

    Raises
    ------
    InputError
        The directory is not a profile, has a newer format, or is damaged.
    """
    return read(Path(expanded(os.fspath(path))), Profile)
