"""`collapse_stats.spectra`: from an array of token ids to spectra, in one call."""

from collections.abc import Mapping

from ..backends.selection import select
from ..ngrams.arrays import as_documents
from ..ngrams.chunk import Chunk
from ..ngrams.layout import Layout
from ..ngrams.spectrum import Spectrum
from ..system.memory import budget
from .passes import WHOLE, Use, passes, tables


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
    ranges = passes(lambda: [chunk], chunk.windows, layout, counter, budget(memory), Use.spectra)
    found = tables(lambda: [chunk], layout, counter, WHOLE, ranges)
    return {n: joint[WHOLE[0]].first for n, joint in found.ngrams.items()}
