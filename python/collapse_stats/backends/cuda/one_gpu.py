"""Chunks whose tokens lie on one GPU, or on the host: where they are counted."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from ...ngrams.chunk import Chunk
from ...system.gpu import current_gpu
from ...system.placement import gpu_of


def placed(chunks: Iterable[Chunk]) -> tuple[int | None, Iterator[Chunk]]:
    """The GPU to count on, and the chunks, which are checked on the way.

    That is where tokens lie: those of the first chunk that is on a GPU, of a list; of the first
    chunk, where they come one by one. None, which stands for the current GPU, if on the host.
    """
    if isinstance(chunks, Sequence):
        gpus = (gpu_of(chunk.tokens) for chunk in chunks)
        gpu = next((gpu for gpu in gpus if gpu is not None), None)
        return gpu, _checked(chunks, gpu)
    coming = iter(chunks)
    first = next(coming, None)
    if first is None:
        return None, iter(())
    gpu = gpu_of(first.tokens)
    return gpu, _checked(chain([first], coming), gpu)


def _checked(chunks: Iterable[Chunk], gpu: int | None) -> Iterator[Chunk]:
    """The chunks; raises ValueError for one whose tokens are on another GPU than this."""
    for number, chunk in enumerate(chunks):
        found = gpu_of(chunk.tokens)
        expected = current_gpu() if found is not None and gpu is None else gpu
        if found is not None and found != expected:
            raise ValueError(
                f"tokens of one call must lie on one GPU, on GPU {expected} here, got chunk "
                f"{number} on GPU {found}: count those of each GPU by themselves and merge the "
                f"runs, or bring them together (tokens.to('cuda:{expected}'))"
            )
        yield chunk
