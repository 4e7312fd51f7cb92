"""Token streams for the benchmarks: the same each time, for a version of NumPy.

Text comes from the first of these that exists:

1. ``$COLLAPSE_STATS_DATA``, or ``shared/data`` beside the repository: novels, podcasts, Python
   Enhancement Proposals (``human_*.jsonl.zst``), in the built-in tokenizer's ids;
2. the documentation of the standard library, and text that an n-gram model writes after it.

The tokens of the text are cached in a folder below the system's temporary one.
"""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt

from collapse_stats import tokenizers
from collapse_stats.ngrams.chunk import Chunk, Int64Array
from collapse_stats.simulation.exact import RandomNumbers
from collapse_stats.simulation.human_text import human_documents
from collapse_stats.simulation.sampler import NgramSampler
from collapse_stats.simulation.text import Text

Tokens = npt.NDArray[np.integer]

CORPORA = ("books", "podcasts_pre2022", "peps")
MODEL_TOKENS = 10_000_000  # human and model text together, where there is no data
_BLOCK = 1 << 22


def text_tokens(n: int) -> Tokens:
    """``(n,)`` tokens of English text, uint16 for the built-in tokenizer.

    If the text is shorter than n, it is repeated, each time with another permutation of its ids.
    From order 2 up the repetitions share n-grams only by chance, so they are as diverse as new
    text, and each is as skewed as text. Over all of them, order 1 is flatter than in text.
    """
    tokens = np.empty(n, dtype=_text().dtype)
    at = 0
    for piece in text_pieces(n):
        tokens[at : at + len(piece)] = piece
        at += len(piece)
    return tokens


def text_pieces(n: int) -> Iterator[Tokens]:
    """Yield the tokens of `text_tokens` in pieces, for more than fits into memory."""
    text = _text()
    for repetition, at in enumerate(range(0, n, len(text))):
        piece = text[: n - at]
        if repetition:
            ids = np.random.default_rng(repetition).permutation(text_vocab_size())
            piece = ids.astype(text.dtype)[piece]
        yield piece


@cache
def text_vocab_size() -> int:
    """Size of the vocabulary of `text_tokens`."""
    return _tokenizer().vocab_size


def spread_ids(tokens: Tokens, vocab_size: int = 200_000) -> npt.NDArray[np.uint32]:
    """Map the ids at random into a larger vocabulary, so that their codes are wider."""
    ids = np.random.default_rng(7).permutation(vocab_size).astype(np.uint32)
    spread: npt.NDArray[np.uint32] = ids[tokens]
    return spread


def zipf_tokens(n: int, vocab_size: int = 50_257, seed: int = 0) -> Tokens:
    """``(n,)`` independent tokens; the k-th most frequent id has a probability of 1/k, scaled.

    From order 2 up this is harder than text, because almost every n-gram is new.
    """
    rng = np.random.default_rng(seed)
    until = np.cumsum(1 / np.arange(1, vocab_size + 1))
    until /= until[-1]
    ids = rng.permutation(vocab_size).astype(np.min_scalar_type(vocab_size - 1))
    tokens = np.empty(n, dtype=ids.dtype)
    for at in range(0, n, _BLOCK):
        part = tokens[at : at + _BLOCK]
        part[:] = ids[np.searchsorted(until, rng.random(len(part)), side="right")]
    return tokens


def one_token(n: int) -> Tokens:
    """``(n,)`` tokens, all the same."""
    return np.full(n, 17, dtype=np.uint16)


def two_alternating(n: int) -> Tokens:
    """``(n,)`` tokens of two ids that alternate."""
    tokens = one_token(n)
    tokens[1::2] += 1
    return tokens


def repeated_text(n: int, length: int = 100_000) -> Tokens:
    """``(n,)`` tokens of collapsed text: the first `length` tokens of text, over and over."""
    tokens: Tokens = np.resize(text_tokens(min(n, length)), n)
    return tokens


def documents(n: int, length: int) -> tuple[Int64Array, Int64Array]:
    """Start and stop ``(D,)`` of documents of `length` tokens that fill ``(n,)`` tokens.

    The last document is shorter if `length` does not divide n.
    """
    start = np.arange(0, n, length, dtype=np.int64)
    return start, np.minimum(start + length, n)


def chunk(tokens: Tokens, length: int | None = None, labels: int = 1) -> Chunk:
    """Cut the tokens into documents of `length` (default: one document), labelled at random."""
    start, stop = documents(len(tokens), length or max(1, len(tokens)))
    label = np.random.default_rng(5).integers(0, labels, len(start), dtype=np.uint8)
    return Chunk.of_documents(tokens, start, stop, label)


def texts() -> Iterator[str]:
    """Yield documents without end, again from the first after the last."""
    paths = _data_files()
    while True:
        yield from _texts(paths) if paths else _human()


@cache
def _tokenizer() -> tokenizers.Tokenizer:
    return tokenizers.load("builtin")


@cache
def _text() -> Tokens:
    paths = _data_files()
    identity = [_tokenizer().sha256, *(f"{path.name} {path.stat().st_size}" for path in paths)]
    if not paths:
        identity += [
            f"model 2, {MODEL_TOKENS}",
            *(sha256(d.encode()).hexdigest() for d in _human()),
        ]
    cached = _cache_folder() / f"{sha256(' '.join(identity).encode()).hexdigest()[:16]}.npy"
    if not cached.exists():
        if paths:
            tokens = np.concatenate([_tokenizer().encode(text) for text in _texts(paths)])
        else:
            tokens = _modelled(MODEL_TOKENS)
        cached.parent.mkdir(parents=True, exist_ok=True)
        unfinished = cached.with_suffix(f".{os.getpid()}.npy")
        np.save(unfinished, tokens)
        unfinished.rename(cached)
    loaded: Tokens = np.load(cached, mmap_mode="r")
    return loaded


def data_folder() -> Path:
    """The folder of real texts, which need not be there."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("COLLAPSE_STATS_DATA", beside))


def _data_files() -> list[Path]:
    """The three files, or none: a part of them would be another workload."""
    folder = data_folder()
    paths = [folder / f"human_{name}.jsonl.zst" for name in CORPORA]
    return paths if all(path.is_file() for path in paths) else []


def _cache_folder() -> Path:
    return Path(tempfile.gettempdir()) / "collapse-stats-benchmarks"


def _texts(paths: Iterable[Path]) -> Iterator[str]:
    import zstandard

    reader = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    for path in paths:
        with zstandard.open(path, "rt", dctx=reader, encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)["text"]


@cache
def _human() -> list[str]:
    return human_documents()


def _modelled(n: int) -> Tokens:
    """``(n,)`` tokens: human text, then text that an n-gram model of it writes."""
    human = Text.of([_tokenizer().encode(document) for document in _human()])
    missing = max(0, n - len(human.tokens))
    lengths = np.tile(human.lengths, -(-missing // len(human.tokens)))
    written = NgramSampler.estimate(human, 4).write(lengths, RandomNumbers("benchmarks"))
    tokens: Tokens = np.concatenate([human.tokens, written.tokens])[:n]
    return tokens
