"""The choice of the GPU on which chunks are counted, and the check that they share one."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from ...ngrams.chunk import Chunk
from ...system.gpu import current_gpu
from ...system.placement import gpu_of


def placed(chunks: Iterable[Chunk]) -> tuple[int | None, Iterator[Chunk]]:
    """Return the number of the GPU to count on, and the chunks, checked one by one as they come.

    It is the GPU of the first chunk of a sequence that is on a GPU; of an iterator, only the first
    chunk is looked at. None, which means the current GPU, if those tokens are on the host.
    """
    if isinstance(chunks, Sequence):
        gpus = (gpu_of(chunk.tokens) for chunk in chunks)
        gpu = next((gpu for gpu in gpus if gpu is not None), None)
        return gpu, _checked(chunks, gpu)
    remaining = iter(chunks)
    first = next(remaining, None)
    if first is None:
        return None, iter(())
    gpu = gpu_of(first.tokens)
    return gpu, _checked(chain([first], remaining), gpu)


def _checked(chunks: Iterable[Chunk], gpu: int | None) -> Iterator[Chunk]:
    """Yield the chunks; raise ValueError for one whose tokens are on another GPU."""
    for number, chunk in enumerate(chunks):
        actual = gpu_of(chunk.tokens)
        expected = current_gpu() if actual is not None and gpu is None else gpu
        if actual is not None and actual != expected:
            raise ValueError(
                f"tokens of one call must lie on one GPU, on GPU {expected} here, got chunk "
                f"{number} on GPU {actual}: count the tokens of each GPU separately and merge the "
                f"tables, or move them to one GPU (tokens.to('cuda:{expected}'))"
            )
        yield chunk
