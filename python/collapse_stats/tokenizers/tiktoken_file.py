"""Vocabularies in ``.tiktoken`` files, and those that OpenAI has published in them."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from .byte_pairs import of_ranks
from .splitting import CL100K, O200K, R50K
from .tokenizer import Tokenizer

# A `.tiktoken` file does not contain its splitting pattern. These are the patterns of OpenAI's
# files, by the sha256 of the file.
_PUBLISHED_PATTERNS = {
    "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930": R50K,
    "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069": R50K,  # p50k_base
    "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7": CL100K,
    "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d": O200K,
}


_MAX_RANK = 2**32 - 2  # tiktoken's ids have 32 bits, and one more marks where texts end


def of_lines(spec: str, path: Path, data: bytes) -> Tokenizer:
    """Make the tokenizer of a ``.tiktoken`` file from its content."""
    pattern = _PUBLISHED_PATTERNS.get(hashlib.sha256(data).hexdigest())
    tokenizer = of_ranks(spec, ranks_in(data, str(path)), pattern or CL100K)
    if pattern is not None:
        return tokenizer
    return replace(
        tokenizer,
        warnings=(
            f"tokenizer {spec}: a .tiktoken file does not say how text is split before pairs are "
            "merged, so that it was split as builtin does; for exactly the ids of the model, take "
            "its tokenizer.json",
        ),
    )


def ranks_in(lines: bytes, path: str) -> dict[bytes, int]:
    """Parse the lines of a ``.tiktoken`` file ('base64 rank') into mergeable ranks."""
    ranks: dict[bytes, int] = {}
    for number, line in enumerate(lines.splitlines(), 1):
        if not line:
            continue
        try:
            encoded, rank = line.split()
            token, ranked = base64.b64decode(encoded, validate=True), int(rank)
        except ValueError as error:
            raise InputError(
                f"{path}: line {number:,} must be a token in base64 and its rank, got "
                f"{line[:60]!r}: is this a .tiktoken file?"
            ) from error
        if not 0 <= ranked <= _MAX_RANK:
            raise InputError(
                f"{path}: line {number:,} must have a rank between 0 and {_MAX_RANK:,}, got "
                f"{ranked:,}"
            )
        if token in ranks:
            raise InputError(
                f"{path}: tokens must be different, got that of line {number:,} for the second "
                f"time ({line[:60]!r})"
            )
        ranks[token] = ranked
    _check(ranks, path)
    return ranks


def _check(ranks: Mapping[bytes, int], path: str) -> None:
    missing = [value for value in range(256) if bytes([value]) not in ranks]
    if missing:
        raise InputError(
            f"{path}: all 256 single bytes must have a rank, {len(missing)} have none (the first "
            f"is byte {missing[0]}): the file is truncated or not a byte-level vocabulary"
        )
    if len(set(ranks.values())) != len(ranks):
        raise InputError(f"{path}: ranks must be different, got the same rank twice")
