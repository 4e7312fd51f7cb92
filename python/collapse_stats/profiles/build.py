"""Making a profile: of a corpus, or from where it was saved."""

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..backends.base import Backend
from ..backends.selection import select
from ..corpus.corpus import Corpus
from ..corpus.load import Progress, read_corpus
from ..corpus.sample import DEFAULT_TOKENS
from ..counting.passes import TableUse, count_tables, passes
from ..counting.spectra import count_spectra
from ..ngrams.layout import Layout
from ..ngrams.spectrum import HALVES, NO_HALVES, JointSpectra
from ..ngrams.table import NgramTable
from ..readers.options import ReadOptions
from ..system.memory import budget
from .profile import Profile
from .storage import read, with_table


def profile(
    source: object,
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
    name: str | None = None,
    halves: bool = True,
    table: bool = True,
    sample_tokens: int = DEFAULT_TOKENS,
    backend: str = "auto",
    threads: int | None = None,
    memory: int | str | None = None,
    tmp: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Profile:
    """Profile of a corpus.

    Parameters
    ----------
    source
        A path, several paths, an array of token ids, or an iterable of arrays, strings or dicts
        with ``input_ids`` or ``text``.
    tokenizer
        ``bytes``, ``builtin``, ``tiktoken:NAME``, ``file:PATH`` or ``none`` (ids are given).
    part
        Of chats, the turns to read: ``assistant``, ``user`` or ``all``.
    skip_bad
        Go on without a bad file among many; the profile's warnings name it.
    table
        Keep the table, which comparisons and `Profile.top` need.
    memory
        Bytes, or a size such as ``"8GB"``, that counting may use; half of what is free by default.

    Raises
    ------
    InputError
        when something cannot be read as what it should be.
    """
    options = ReadOptions(text_key, ids_key, dtype, eot, vocab_size, doc_per_line, part)  # type: ignore[arg-type]
    limit = budget(memory)
    corpus = read_corpus(
        source,
        tokenizer=tokenizer,
        options=options,
        name=name,
        threads=threads,
        memory=limit // 2,
        tmp=tmp,
        skip_bad=skip_bad,
        progress=progress,
    )
    return profile_corpus(
        corpus,
        max_order=max_order,
        halves=halves,
        table=table,
        sample_tokens=sample_tokens,
        backend=select(backend, threads),
        memory=limit,
        progress=progress,
    )


def profile_corpus(
    corpus: Corpus,
    *,
    max_order: int,
    backend: Backend,
    memory: int,
    halves: bool = True,
    table: bool = True,
    sample_tokens: int = DEFAULT_TOKENS,
    save_to: Path | None = None,
    progress: Progress | None = None,
) -> Profile:
    """Profile of a corpus that has been read; with `save_to`, its table is written as it comes."""
    layout = Layout(corpus.vocab_size, max_order, 2 if halves else 1)
    chunks = partial(corpus.chunks, halves=halves)
    bare = profile_of(corpus, layout, JointSpectra({}, {}), sample_tokens, backend)
    windows, resident_bytes = corpus.tokens, corpus.resident_bytes
    if not table:
        masks = HALVES if halves else NO_HALVES
        found = count_spectra(chunks, windows, layout, backend, masks, memory, resident_bytes)
        made = replace(bare, joint_spectra=found)
        if save_to is not None:
            made.save(save_to)
        return made
    use = TableUse.kept if save_to is None else TableUse.written
    ranges = passes(chunks, windows, layout, backend, memory, use, resident_bytes)

    def counted() -> Iterator[NgramTable]:
        for number, key_ranges in enumerate(ranges):
            yield from count_tables(chunks, windows, layout, backend, [key_ranges], use)
            if progress:
                progress("counting", number + 1, len(ranges))

    fixed, each = backend.needs(layout, layout.key_ranges, rows=True)
    enough = resident_bytes + fixed + 2 * each * windows
    return with_table(bare, counted(), backend, save_to, memory, resident_bytes, enough)


def profile_of(
    corpus: Corpus, layout: Layout, spectra: JointSpectra, sample_tokens: int, backend: Backend
) -> Profile:
    """Profile of a corpus whose spectra were counted, without its table."""
    return Profile(
        name=corpus.name,
        layout=layout,
        joint_spectra=spectra,
        documents=corpus.documents,
        sample=corpus.sample(sample_tokens),
        tokenizer=corpus.tokenizer,
        sources=corpus.sources,
        boundaries=corpus.boundaries,
        halved_by="documents" if corpus.block is None else f"blocks of {corpus.block} tokens",
        warnings=tuple(corpus.warnings),
        backend=backend,
    )


def load(path: str | os.PathLike[str]) -> Profile:
    """Profile saved in a directory; its table is read when it is first needed.

    Raises
    ------
    InputError
        when the directory is no profile, is of a newer format, or is damaged.
    """
    return read(Path(path), Profile)
