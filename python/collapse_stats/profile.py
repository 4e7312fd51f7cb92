"""A profile: the spectra of one corpus, and what is needed to read and to trust them later."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from . import metrics
from .backends import Backend, select
from .corpus import Corpus, Source, TokenizerIdentity
from .counting import HALVES, WHOLE, Use, passes, runs, tables
from .errors import CollapseStatsError, LayoutMismatchError
from .frequent import most_frequent
from .ingest import Progress, read_corpus
from .intervals import CorpusIntervals, Interval, check_figure, has_intervals
from .keys import Layout
from .memory import TooLittleMemoryError, budget
from .parts import writer_bytes
from .readers import ReadOptions
from .run import Run
from .sample import DEFAULT_TOKENS, Sample, merge_samples
from .spectrum import JointSpectrum, Spectrum, Tables
from .table import ROW_BYTES, MemoryTable, Table, read_aligned

Ngram = tuple[int, ...] | str
"""An n-gram as token ids, or as text when the tokenizer is known."""


@dataclass(frozen=True, eq=False)
class Profile:
    """What is known of one corpus.

    Attributes
    ----------
    tables
        Spectra of every order: of the two halves jointly when there are halves.
    documents
        Documents counted, empty ones included.
    sample
        Whole documents to recount matched sizes and intervals from.
    table
        Where the run is, or None when none was kept.
    backend
        What counts the sample again; by default the first that is usable.
    """

    name: str
    layout: Layout
    tables: Tables
    documents: int
    sample: Sample
    table: Table | None = None
    tokenizer: TokenizerIdentity = field(default_factory=lambda: TokenizerIdentity("none", None))
    sources: tuple[Source, ...] = ()
    boundaries: str = "each item is a document"
    halved_by: str = "documents"
    warnings: tuple[str, ...] = ()
    backend: Backend | None = None

    @property
    def vocab_size(self) -> int:
        """Ids lie below this."""
        return self.layout.vocab_size

    @property
    def max_order(self) -> int:
        """Longest n-gram counted."""
        return self.layout.max_order

    @property
    def tokens(self) -> int:
        """Tokens counted."""
        return self.windows(1)

    @cached_property
    def run(self) -> Run:
        """The run: every window with its counts.

        Raises
        ------
        CollapseStatsError
            when the profile was made without its table.
        """
        return self.known_table.read(0, self.layout.shards)

    @property
    def known_table(self) -> Table:
        """The table; raises CollapseStatsError when the profile was made without it."""
        if self.table is None:
            raise CollapseStatsError(
                f"profile {self.name} was made without its table of n-grams, which this needs: "
                "make it again without --no-table (table=True)"
            )
        return self.table

    def halves(self, order: int) -> JointSpectrum | None:
        """Joint spectrum of half A and half B, or None when halves were not kept."""
        return self.tables.ngrams[self._known(order)].get(HALVES[0])

    def spectrum(self, order: int) -> Spectrum:
        """Spectrum of the n-grams of one order."""
        (joint,) = self.tables.ngrams[self._known(order)].values()
        return joint.total

    def contexts(self, order: int) -> Spectrum:
        """Spectrum of the (order - 1)-grams that begin an n-gram, by how often they do."""
        (joint,) = self.tables.contexts[self._known(order)].values()
        return joint.total

    def windows(self, order: int) -> int:
        """n-gram occurrences N_n: the sum over documents of max(0, length - order + 1)."""
        return self.spectrum(order).occurrences

    def distinct(self, order: int) -> int:
        """Distinct n-grams V_n."""
        return self.spectrum(order).distinct

    def entropy(self, order: int, estimator: str = "chao-wang-jost") -> float | None:
        """Entropy of the n-grams of one order, in bits; None for an empty corpus."""
        return metrics.entropy(self.spectrum(order), estimator=estimator)

    def interval(self, name: str, order: int) -> Interval | None:
        """A figure of `intervals.FIGURES` with its standard error, from groups of documents.

        Of the corpus where the figure settles as a corpus grows (entropies), else of the sample;
        None where the figure is, without a sample, or with too few documents for an error.
        """
        check_figure(name)
        known, found = self._known(order), self._intervals
        return None if found is None else found.interval(name, known)

    @cached_property
    def _intervals(self) -> CorpusIntervals | None:
        if self.halved_by != "documents" or not has_intervals(self.sample):
            return None
        spectra = {n: (self.spectrum(n), self.contexts(n)) for n in self.tables.ngrams}
        return CorpusIntervals(self.sample, self.layout, spectra, self.backend or select())

    def top(self, order: int, k: int = 20) -> list[tuple[Ngram, int]]:
        """The k most frequent n-grams with their counts, as text when the tokenizer is known."""
        ids, counts = most_frequent(self.known_table, self._known(order), k)
        return list(zip(self.spell(ids), counts.tolist(), strict=True))

    def spell(self, ids: "np.typing.NDArray[np.int64]") -> list[Ngram]:
        """n-grams ``(order, K)`` of token ids: as text when the tokenizer is known."""
        if self.tokenizer.spec == "none":
            return [tuple(ngram) for ngram in ids.T.tolist()]
        from .tokenizers import load as load_tokenizer

        tokenizer = load_tokenizer(self.tokenizer.spec)
        return [tokenizer.decode(ngram) for ngram in ids.T.tolist()]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the profile as a directory, at once or not at all, with half of what is free.

        Raises
        ------
        InputError
            when `path` exists, or cannot be written.
        """
        from .storage import write

        write(self, Path(path))

    def __add__(self, other: "Profile") -> "Profile":
        """Profile of both corpora taken together.

        Raises
        ------
        LayoutMismatchError
            when layouts or tokenizers differ.
        """
        held = sum(one.table.held for one in (self, other) if one.table is not None)
        return merge([self, other], select(), budget(None) + held)

    def _known(self, order: int) -> int:
        if not 1 <= order <= self.max_order:
            raise ValueError(
                f"order must be between 1 and {self.max_order}, the longest counted, got {order}"
            )
        return order


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

    bare = Profile(
        name=corpus.name,
        layout=layout,
        tables=Tables({}, {}),
        documents=corpus.documents,
        sample=corpus.sample(sample_tokens),
        tokenizer=corpus.tokenizer,
        sources=corpus.sources,
        boundaries=corpus.boundaries,
        halved_by="documents" if corpus.block is None else f"blocks of {corpus.block} tokens",
        warnings=tuple(corpus.warnings),
        backend=backend,
    )
    if table:
        fixed, each = backend.needs(layout, layout.shards, rows=True)
        enough = corpus.held + fixed + 2 * each * corpus.tokens
        return _kept(bare, counted(), backend, save_to, memory, corpus.held, enough)
    found = replace(bare, tables=tables(chunks, layout, backend, masks, ranges))
    if save_to is not None:
        found.save(save_to)
    return found


def load(path: str | os.PathLike[str]) -> Profile:
    """Profile saved in a directory; its table is read when it is first needed.

    Raises
    ------
    InputError
        when the directory is no profile, is of a newer format, or is damaged.
    """
    from .storage import read

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
        from .storage import write_counted

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


def check_comparable(first: Profile, second: Profile) -> None:
    """Raise LayoutMismatchError unless token ids may mean the same in both."""
    a, b = first.tokenizer, second.tokenizer
    if not a.may_equal(b):
        raise LayoutMismatchError(
            f"{first.name} was tokenized with {a.spec}, {second.name} with {b.spec}: profiles of "
            "different vocabularies never compare, make both with one --tokenizer"
        )
    if first.vocab_size != second.vocab_size:
        raise LayoutMismatchError(
            f"{first.name} has {first.vocab_size:,} token ids, {second.name} "
            f"{second.vocab_size:,}: make both with one --vocab-size"
        )
