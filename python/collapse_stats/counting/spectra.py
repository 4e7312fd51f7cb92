"""Spectra without an n-gram table, in as many passes over the tokens as the memory requires."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..backends.base import Backend
from ..backends.selection import select
from ..ngrams.arrays import as_documents
from ..ngrams.chunk import Chunk, Chunks
from ..ngrams.layout import KeyRanges, Layout
from ..ngrams.spectrum import NO_HALVES, JointSpectra, Masks, Spectrum
from ..system.arguments import checked
from ..system.memory import budget
from .passes import TableUse, passes


def count_spectra(
    chunks: Chunks,
    windows: int,
    layout: Layout,
    backend: Backend,
    masks: Sequence[Masks],
    memory: int,
    resident_bytes: int = 0,
) -> JointSpectra:
    """Joint spectra of the labels in `chunks`, without an n-gram table.

    Parameters
    ----------
    chunks
        Called once for each pass; gives all the tokens each time.
    windows
        Number of windows in them.
    memory, resident_bytes
        Bytes that may be used in all, and how many of them are in use already.

    Raises
    ------
    TooLittleMemoryError
        The largest key range does not fit into memory.
    """
    needed = passes(chunks, windows, layout, backend, memory, TableUse.spectra, resident_bytes)
    return spectra_in_passes(chunks, layout, backend, masks, needed)


def spectra_in_passes(
    chunks: Chunks,
    layout: Layout,
    backend: Backend,
    masks: Sequence[Masks],
    passes: Sequence[KeyRanges],
) -> JointSpectra:
    """Joint spectra of the labels in `chunks`, which are read once for each pass."""
    return backend.spectra(_Repeatable(chunks), layout, masks, passes)


@checked
def spectra(
    tokens: object,
    *,
    vocab_size: int,
    max_order: int = 5,
    lengths: object = None,
    eot: int | None = None,
    backend: str = "auto",
    threads: int | None = None,
    memory: int | str | None = None,
) -> Mapping[int, Spectrum]:
    """Spectrum of every order from 1 to `max_order` of an array of token ids.

    This is the fastest way to count an array, because no n-gram table is kept.

    Parameters
    ----------
    tokens
        ``(T,)`` one document, or ``(D, T)`` one document per row; integers of 8 to 64 bits. With
        the cuda backend also CUDA tensors, which are read on their GPU.
    lengths
        Length of each document, when ``(T,)`` tokens hold several.
    eot
        Token id that separates documents; it is not counted.
    memory
        Memory to use, in bytes or as a size such as ``"4GB"``. Default: half of what is free.

    Returns
    -------
    Mapping[int, Spectrum]
        Order -> spectrum. An empty input gives empty spectra.

    Raises
    ------
    ValueError
        An id is outside the vocabulary; the message names it and its position.

    Examples
    --------
    >>> spectra([1, 2, 1, 2, 3], vocab_size=4, max_order=2)[2].types.tolist()
    [2, 1]
    """
    selected = select(backend, threads)
    chunk = Chunk.of_documents(*as_documents(tokens, lengths, eot=eot, gpu=selected.on_gpu))
    layout = Layout(vocab_size, max_order)
    joint_spectra = count_spectra(
        lambda: [chunk], chunk.windows, layout, selected, NO_HALVES, budget(memory)
    )
    return {n: pairs[NO_HALVES[0]].first for n, pairs in joint_spectra.ngrams.items()}


class _Repeatable(Iterable[Chunk]):
    """Chunks that can be iterated more than once."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[Chunk]:
        return iter(self._chunks())
