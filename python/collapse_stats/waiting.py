"""Batches of tokens that wait on a GPU until they are counted."""

from typing import Any

import numpy as np

from .chunk import Int64Array, array_module, as_device_array, as_documents, as_tokens, on_gpu


class DeviceBatch:
    """A copy of tokens that lie on a GPU, made in the order of the current CuPy stream.

    Making one waits for nothing; so ids are looked at, but a wrong one is told by `documents`.

    Parameters
    ----------
    tokens, lengths, mask
        As in `as_documents`.
    """

    def __init__(self, tokens: object, lengths: object, mask: object, vocab_size: int) -> None:
        source = as_tokens(tokens, gpu=True)
        xp = array_module(source)
        if mask is not None:
            mask = (as_device_array(mask) if on_gpu(mask) else xp.asarray(np.asarray(mask))) != 0
        if on_gpu(lengths):
            lengths = as_device_array(lengths).copy()
        self.size = int(source.size)
        self._vocab_size = vocab_size
        self._wrong = _first_wrong(xp, source, mask, vocab_size)
        self._ids = source.astype(np.uint16 if vocab_size <= 2**16 else np.uint32)
        self._lengths, self._mask = lengths, mask
        self._stream = xp.cuda.get_current_stream
        self._source: Any = source  # kept until it is read
        self._copied = self._stream().record()

    def is_copied(self) -> bool:
        """Whether the tokens were read, so that their owner may let them go."""
        if self._source is not None and self._copied.done:
            self._source = None
        return self._source is None

    def documents(self) -> tuple[Any, Int64Array, Int64Array]:
        """Tokens, on the GPU, and the bounds of their documents. Waits for them.

        Raises ValueError naming the first id outside the vocabulary, and its position.
        """
        self._stream().wait_event(self._copied)
        any_wrong, at, token = (int(value) for value in self._wrong)
        if any_wrong:
            raise ValueError(
                f"token id {token} at position {at} is outside the vocabulary of "
                f"{self._vocab_size:,}: give the right vocab_size, or mask the position"
            )
        return as_documents(self._ids, self._lengths, self._mask, gpu=True)


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
