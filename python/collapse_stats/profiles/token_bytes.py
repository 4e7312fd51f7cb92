"""How many bytes of text tokens stand for, where the vocabulary says it."""

from collections.abc import Sequence

import numpy as np

from ..corpus.corpus import TokenizerIdentity
from ..errors import CollapseStatsError
from ..ngrams.chunk import Int64Array
from ..tokenizers import load


def bytes_of_tokens(identity: TokenizerIdentity, ids: Sequence[int]) -> Int64Array:
    """Return the number of UTF-8 bytes ``(K,)`` of the text of each token id.

    It must be known: `why_no_bytes` is None.
    """
    tokenizer = load(identity.spec)
    return np.array([len(tokenizer.bytes_of(i)) for i in ids], dtype=np.int64)


def why_no_bytes(identity: TokenizerIdentity) -> str | None:
    """Return why the number of bytes is not known, as a clause; None if it is.

    The tokenizer was not named, its file has changed or is not there any more, or its tokens do not
    have every byte of a text.
    """
    if identity.spec == "none":
        return "the tokenizer of the token ids was not named"
    try:
        tokenizer = load(identity.spec)
    except CollapseStatsError as error:
        return str(error)
    if tokenizer.sha256 != identity.sha256:
        return f"the ids are of {identity}, and {identity.change}"
    if not tokenizer.keeps_bytes:
        return f"the tokens of {identity.spec} do not have every byte of a text, or others as well"
    return None
