"""Spectra of tokens that can be read again, in as many passes as fit into memory."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..backends.base import Backend
from ..backends.selection import select
from ..ngrams.arrays import as_documents
from ..ngrams.chunk import Chunk, Chunks
from ..ngrams.layout import KeyRanges, Layout
from ..ngrams.spectrum import NO_HALVES, JointSpectra, Masks, Spectrum
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
    """Joint spectra of the labels in `chunks`; no table of n-grams is made.

    Parameters
    ----------
    chunks
        Gives the tokens, as often as it is called.
    windows
        How many windows they have.
    memory, resident_bytes
        Bytes that may be taken in all, and those of them that are taken already.

    Raises
    ------
    TooLittleMemoryError
        when the largest key range does not fit.
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
    """Joint spectra of the labels in `chunks`, whose tokens are read once for each pass."""
    return backend.spectra(_Again(chunks), layout, masks, passes)


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
    """Spectrum of every order 1..max_order of an array of token ids.

    The fastest way from an array to integers: no table of n-grams is kept.

    Parameters
    ----------
    tokens
        ``(T,)`` one document, or ``(D, T)`` one document per row; integers of 8 to 64 bits. With
        the cuda backend also CUDA tensors, which are read where they lie.
    lengths
        Length of each document packed in ``(T,)`` tokens.
    eot
        An id that ends a document and is not counted.
    memory
        Bytes, or a size such as ``"4GB"``, that counting may use; half of what is free by default.

    Returns
    -------
    Mapping[int, Spectrum]
        By order. An empty input gives empty spectra.

    Raises
    ------
    ValueError
        when an id is outside the vocabulary, naming it and its position.

    Examples
    --------
    >>> spectra([1, 2, 1, 2, 3], vocab_size=4, max_order=2)[2].types.tolist()
    [2, 1]
    """
    counter = select(backend, threads)
    chunk = Chunk.of_documents(*as_documents(tokens, lengths, eot=eot, gpu=counter.on_gpu))
    layout = Layout(vocab_size, max_order)
    found = count_spectra(
        lambda: [chunk], chunk.windows, layout, counter, NO_HALVES, budget(memory)
    )
    return {n: joint[NO_HALVES[0]].first for n, joint in found.ngrams.items()}


class _Again(Iterable[Chunk]):
    """Chunks that can be gone through more than once."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[Chunk]:
        return iter(self._chunks())
