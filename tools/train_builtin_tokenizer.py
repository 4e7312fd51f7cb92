"""Train the `builtin` tokenizer: a byte-level BPE, written as gzipped 'base64 rank' lines.

    python tools/train_builtin_tokenizer.py DATA -o python/collapse_stats/data/builtin.tiktoken.gz

DATA and the mixture are described in `vocabulary_sources`. This needs packages that collapse-stats
itself does not need: `pip install tokenizers zstandard jieba opencc`. The same inputs, Python and
packages give the same file. Use only text whose licence lets a vocabulary be distributed.
"""

import base64
import gzip
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import tiktoken
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from vocabulary_sources import divided, mixture, sources

from collapse_stats.tokenizers.spelling import BYTE_OF_CHARACTER
from collapse_stats.tokenizers.splitting import CL100K

MAX_TOKEN_BYTES = 24  # long enough for words of all scripts, and for the indentation of code

# The library reads patterns as Oniguruma does, for which {1,3}+ is no possessive quantifier, and $
# also stands before a newline. `check` shows that the splits are the same.
PATTERN = CL100K.replace(r"\p{N}{1,3}+", r"\p{N}{1,3}").replace(r"\s++$", r"\s++\z")


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path))
@click.option("--vocab-size", default=32_767, show_default=True, help="Ids fit in 15 bits.")
def main(data: Path, output: Path, vocab_size: int) -> None:
    """Train on a mixture of the texts in DATA and check the result against the trained model."""
    trained, held_out = divided(sources(data))
    model = train(reported(mixture(trained)), vocab_size)
    ranks = ranks_of(model)
    check(model, ranks, [text for texts in held_out.values() for text in texts])
    lines = b"".join(base64.b64encode(t) + b" %d\n" % rank for t, rank in ranks.items())
    output.write_bytes(gzip.compress(lines, 9, mtime=0))
    size, digest = output.stat().st_size, hashlib.sha256(output.read_bytes()).hexdigest()
    click.echo(f"{len(ranks):,} tokens, {size:,} bytes, sha256 {digest}: {output}")


def reported(texts: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield the texts, and at the end print how many bytes each source had, and their sha256."""
    sizes: Counter[str] = Counter()
    digest = hashlib.sha256()
    for source, text in texts:
        encoded = text.encode()
        sizes[source] += len(encoded)
        digest.update(encoded)
        yield text
    for source, size in sizes.items():
        click.echo(f"{source:>10} {size:12,} bytes")
    click.echo(f"{'together':>10} {sizes.total():12,} bytes, sha256 {digest.hexdigest()}")


def train(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Train a byte-level BPE of `vocab_size` tokens, including all 256 single bytes."""
    model = Tokenizer(models.BPE())
    model.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), behavior="isolated"),
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
    model.train_from_iterator(texts, trainer)
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
    vocabulary = model.get_vocab(with_added_tokens=False)
    return {i: bytes(BYTE_OF_CHARACTER[c] for c in token) for token, i in vocabulary.items()}


def check(model: Tokenizer, ranks: dict[bytes, int], texts: list[str]) -> None:
    """Exit unless tiktoken, given the ranks, tokenizes `texts` as the trained model does."""
    encoding = tiktoken.Encoding(
        "builtin", pat_str=CL100K, mergeable_ranks=ranks, special_tokens={}
    )
    to_bytes = bytes_of_tokens(model)
    for text in texts:
        expected = [ranks[to_bytes[i]] for i in model.encode(text).ids]
        if encoding.encode_ordinary(text) != expected:
            raise SystemExit(f"tiktoken and the trained model differ on {text[:80]!r}")
    click.echo(f"tiktoken tokenizes {len(texts):,} other texts as the trained model does")


if __name__ == "__main__":
    main()
