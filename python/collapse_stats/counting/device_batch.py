"""Batches of tokens that wait on a GPU until they are counted."""

from typing import Any

import numpy as np

from ..ngrams.arrays import as_documents, as_tokens
from ..ngrams.chunk import Int64Array
from ..ngrams.ids import outside_vocabulary
from ..system.gpu import cupy_module, gpu_errors, use_gpu
from ..system.placement import gpu_of, is_on_gpu, place_with_tokens


class DeviceBatch:
    """A copy of tokens that lie on a GPU, made there in the order of its current CuPy stream.

    Making one waits for nothing; so ids are looked at, but a wrong one is told by `documents`.

    Parameters
    ----------
    tokens, lengths, mask
        As in `as_documents`; what is on a GPU must be on that of the tokens.
    """

    def __init__(self, tokens: object, lengths: object, mask: object, vocab_size: int) -> None:
        source: Any = as_tokens(tokens, gpu=True)
        self._gpu = gpu_of(source)
        self._vocab_size = vocab_size
        self.size = int(source.size)
        xp = cupy_module()
        with use_gpu(self._gpu):
            self._mask = None if mask is None else place_with_tokens("mask", mask, source) != 0
            self._lengths = _copy_of_lengths(lengths, source)
            self._wrong = _first_wrong(xp, source, self._mask, vocab_size)
            self._ids = source.astype(np.uint16 if vocab_size <= 2**16 else np.uint32)
            self._copied = xp.cuda.get_current_stream().record()
        self._source: Any = source  # kept until it is read

    def is_copied(self) -> bool:
        """Whether the tokens were read, so that their owner may let them go."""
        if self._source is not None:
            with gpu_errors(self._gpu):
                if self._copied.done:
                    self._source = None
        return self._source is None

    def documents(self) -> tuple[Any, Int64Array, Int64Array]:
        """Tokens, on the GPU, and the bounds of their documents. Waits for them.

        Raises ValueError naming the first id outside the vocabulary, and its position.
        """
        with use_gpu(self._gpu):
            cupy_module().cuda.get_current_stream().wait_event(self._copied)
            any_wrong, at, token = (int(value) for value in self._wrong)
        if any_wrong:
            raise outside_vocabulary(token, at, self._vocab_size)
        return as_documents(self._ids, self._lengths, self._mask, gpu=True)


def _copy_of_lengths(lengths: Any, tokens: Any) -> Any:
    if not is_on_gpu(lengths):
        return None if lengths is None else np.array(lengths)
    return place_with_tokens("lengths", lengths, tokens).copy()


def _first_wrong(xp: Any, tokens: Any, mask: Any, vocab_size: int) -> tuple[Any, Any, Any]:
    """Whether there is an id outside the vocabulary that counts, where, and which: on the GPU."""
    if not tokens.size:
        return 0, 0, 0
    flat = tokens.reshape(-1)
    wrong = xp.zeros(flat.shape, dtype=bool)
    if np.iinfo(tokens.dtype).min < 0:
        wrong |= flat < 0
    if np.iinfo(tokens.dtype).max >= vocab_size:
        wrong |= flat >= vocab_size
    if mask is not None and mask.shape == tokens.shape:  # if not, `documents` says so
        wrong &= mask.reshape(-1)
    at = wrong.argmax()
    return wrong.any(), at, flat.take(at)
