"""Making a profile: of a corpus, from where it was saved, or of others merged."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from .backends import Backend, select
from .corpus import Corpus
from .counting import HALVES, WHOLE, Use, passes, runs, tables
from .errors import LayoutMismatchError
from .ingest import Progress, read_corpus
from .keys import Layout
from .memory import TooLittleMemoryError, budget
from .parts import writer_bytes
from .profile import Profile, check_comparable
from .readers import ReadOptions
from .run import Run
from .sample import DEFAULT_TOKENS, merge_samples
from .spectrum import Tables
from .storage import read, write_counted
from .table import ROW_BYTES, MemoryTable, read_aligned


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
        Keep the run, which comparisons and `Profile.top` need.
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
    masks = HALVES if halves else WHOLE
    chunks = partial(corpus.chunks, halves=halves)
    use = Use.spectra if not table else Use.kept if save_to is None else Use.written
    ranges = passes(chunks, corpus.tokens, layout, backend, memory, use, corpus.held)

    def counted() -> Iterator[Run]:
        for number, shards in enumerate(ranges):
            yield from runs(chunks, corpus.tokens, layout, backend, [shards], use)
            if progress:
                progress("counting", number + 1, len(ranges))

    bare = profile_of(corpus, layout, Tables({}, {}), sample_tokens, backend)
    if table:
        fixed, each = backend.needs(layout, layout.shards, rows=True)
        enough = corpus.held + fixed + 2 * each * corpus.tokens
        return _kept(bare, counted(), backend, save_to, memory, corpus.held, enough)
    found = replace(bare, tables=tables(chunks, layout, backend, masks, ranges))
    if save_to is not None:
        found.save(save_to)
    return found


def profile_of(
    corpus: Corpus, layout: Layout, spectra: Tables, sample_tokens: int, backend: Backend
) -> Profile:
    """Profile of a corpus whose spectra were counted, without its table."""
    return Profile(
        name=corpus.name,
        layout=layout,
        tables=spectra,
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
    return read(Path(path))


def merge(
    profiles: list[Profile],
    backend: Backend,
    memory: int,
    *,
    name: str | None = None,
    save_to: Path | None = None,
) -> Profile:
    """Profile of several corpora; with `save_to`, its table is written as it is merged."""
    first = profiles[0]
    for other in profiles[1:]:
        check_comparable(first, other)
        if (other.layout, other.tokenizer) != (first.layout, first.tokenizer):
            raise LayoutMismatchError(
                "profiles must have one layout and tokenizer to be merged: "
                f"{first.name} has {first.layout} and {first.tokenizer.spec}, "
                f"{other.name} has {other.layout} and {other.tokenizer.spec}"
            )
    given = [one.known_table for one in profiles]
    writing = 0 if save_to is None else writer_bytes(memory)
    merged = (backend.merge(runs_) for runs_ in read_aligned(given, memory, writing))
    sample_tokens = max(DEFAULT_TOKENS, *(len(one.sample.tokens) for one in profiles))
    bare = replace(
        first,
        name=name or " + ".join(one.name for one in profiles),
        documents=sum(one.documents for one in profiles),
        sample=merge_samples([one.sample for one in profiles], sample_tokens),
        sources=tuple(source for one in profiles for source in one.sources),
        warnings=tuple(dict.fromkeys(w for one in profiles for w in one.warnings)),
    )
    rows = sum(table.rows for table in given)
    held = sum(table.held for table in given)
    return _kept(bare, merged, backend, save_to, memory, held, held + 2 * ROW_BYTES * rows)


def _kept(
    bare: Profile,
    runs: Iterable[Run],
    backend: Backend,
    save_to: Path | None,
    memory: int,
    held: int,
    enough: int,
) -> Profile:
    """The profile with its run, which comes range after range, and the spectra of it.

    Input: of `memory`, `held` bytes are taken; `enough` would be enough for a run in memory.
    """
    masks = HALVES if bare.layout.labels == 2 else WHOLE
    if save_to is not None:
        return write_counted(bare, runs, backend, masks, memory, save_to)
    ranges: list[Run] = []
    for run in runs:
        ranges.append(run)
        held += 2 * run.nbytes  # they are there twice while they are joined
        if len(ranges) > 1 and held > memory:
            raise TooLittleMemoryError(
                memory, enough, "or write the profile as it is counted (collapse-stats profile -o)"
            )
    whole = Run.concatenate(bare.layout, ranges)
    ranges.clear()
    found = backend.spectra(whole, bare.layout, masks)
    return replace(bare, tables=found, table=MemoryTable(whole))
