"""Train the `builtin` tokenizer: a byte-level BPE, written as gzipped 'base64 rank' lines.

    python tools/train_builtin_tokenizer.py books.jsonl.zst peps.jsonl.zst \
        -o python/collapse_stats/data/builtin.tiktoken.gz

This needs the package `tokenizers`, which collapse-stats itself does not need. The same inputs,
seed and version of `tokenizers` give the same file. Use only public-domain text, because the
vocabulary is distributed.
"""

import base64
import gzip
import random
import re
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from collapse_stats.readers.open import open_file
from collapse_stats.readers.options import ReadOptions
from collapse_stats.tokenizers.byte_pairs import of_ranks
from collapse_stats.tokenizers.splitting import CL100K
from collapse_stats.tokenizers.texts import as_list

SEED = 20261122
PIECE_CHARACTERS = 200_000  # maximum taken from one document, so that no author dominates
MAX_TOKEN_BYTES = 32


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path))
@click.option("--vocab-size", default=32_767, show_default=True, help="Ids fit in 15 bits.")
@click.option("--max-bytes", default=100_000_000, show_default=True, help="Training text, UTF-8.")
def main(paths: tuple[Path, ...], output: Path, vocab_size: int, max_bytes: int) -> None:
    """Train on a seeded sample of PATHS and check the result against the trained model."""
    pieces = sample(paths, max_bytes)
    click.echo(f"{len(pieces)} pieces, {sum(len(piece.encode()) for piece in pieces):,} bytes")
    model = train(pieces, vocab_size)
    ranks = ranks_of(model)
    check(model, ranks, pieces[:: max(1, len(pieces) // 50)])
    lines = b"".join(base64.b64encode(t) + b" %d\n" % rank for t, rank in ranks.items())
    output.write_bytes(gzip.compress(lines, 9, mtime=0))
    click.echo(f"{len(ranks):,} tokens, {output.stat().st_size:,} bytes: {output}")


def sample(paths: tuple[Path, ...], max_bytes: int) -> list[str]:
    """Return one piece of each document in random order, every second with typographic quotes."""
    rng = random.Random(SEED)
    texts = [text for path in paths for text in texts_in(path)]
    rng.shuffle(texts)
    pieces: list[str] = []
    size = 0
    for text in texts:
        first = rng.randrange(max(1, len(text) - PIECE_CHARACTERS))
        piece = text[first : first + PIECE_CHARACTERS].replace("\ufeff", "")
        piece = with_typographic_quotes(piece) if len(pieces) % 2 else piece
        size += len(piece.encode())
        if size > max_bytes:
            break
        pieces.append(piece)
    return pieces


def texts_in(path: Path) -> Iterator[str]:
    """Yield the documents of one file."""
    for batch in open_file(path, ReadOptions()).batches():
        yield from as_list(batch.texts or [])


def with_typographic_quotes(text: str) -> str:
    """Replace straight quotes, the only ones in old books, by those of most modern text."""
    text = re.sub(r"(?<=\w)'|'(?=\d\ds?\b)", "\u2019", text)
    return re.sub(r'(?<![\w.,;:!?\u2014-])"(?=\w)', "\u201c", text).replace('"', "\u201d")


def train(pieces: list[str], vocab_size: int) -> Tokenizer:
    """Train a byte-level BPE of `vocab_size` tokens, including all 256 single bytes."""
    model = Tokenizer(models.BPE())
    model.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(CL100K), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    model.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        max_token_length=MAX_TOKEN_BYTES,
        show_progress=False,
    )
    model.train_from_iterator(pieces, trainer)
    return model


def ranks_of(model: Tokenizer) -> dict[bytes, int]:
    """Return the rank of every token by its bytes: the 256 single bytes, then the merges."""
    tokens = [bytes([value]) for value in range(256)]
    to_bytes = bytes_of_tokens(model)
    tokens += [to_bytes[i] for i in range(256, model.get_vocab_size())]
    ranks = {token: rank for rank, token in enumerate(tokens)}
    if len(ranks) != model.get_vocab_size():
        raise SystemExit(f"{model.get_vocab_size() - len(ranks)} tokens have the same bytes")
    return ranks


def bytes_of_tokens(model: Tokenizer) -> dict[int, bytes]:
    """Return the bytes of each id; byte-level BPE represents them by printable characters."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [value for value in range(256) if value not in printable]
    byte_of = {chr(value): value for value in printable}
    byte_of |= {chr(256 + i): value for i, value in enumerate(others)}
    vocabulary = model.get_vocab(with_added_tokens=False)
    return {i: bytes(byte_of[c] for c in token) for token, i in vocabulary.items()}


def check(model: Tokenizer, ranks: dict[bytes, int], texts: list[str]) -> None:
    """Exit unless the ranks tokenize `texts` as the trained model does."""
    tokenizer = of_ranks("builtin", ranks, CL100K)
    to_bytes = bytes_of_tokens(model)
    for text in texts:
        expected = [ranks[to_bytes[i]] for i in model.encode(text).ids]
        if not np.array_equal(tokenizer.encode(text), expected):
            raise SystemExit(f"ranks and trained model differ on {text[:80]!r}")
    click.echo(f"{len(texts)} pieces are tokenized as by the trained model")


if __name__ == "__main__":
    main()
