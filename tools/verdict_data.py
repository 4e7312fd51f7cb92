"""Load, tokenize and sample text whose origin is known, for the tables of docs/verdict.md.

DATA is a folder of ``.jsonl.zst`` files: `human_books`, `human_podcasts_pre2022`, `human_peps`,
`pairs_raid_hc3_subset` and `gens_gemma3_wikitext2_ratio50`.
"""

import io
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from collapse_stats.corpus.sample import Sample, within
from collapse_stats.corpus.split import ordinal_hash
from collapse_stats.tokenizers import load

Ids = npt.NDArray[np.uint32]
Documents = list[Ids]
Encode = Callable[[Sequence[str]], Documents]

HUMAN = ("books", "podcasts", "peps", "wikipedia", "hc3_human", "raid_human")
WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[^\w\s]")
PIECE = {"books": 10_000, "podcasts": 15_000, "peps": 25_000}  # characters per document
GENERATIONS = 16  # of Gemma
BPE = "bpe 50k"


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the objects of a JSONL file compressed with zstd."""
    import zstandard

    with path.open("rb") as raw:
        reader = zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(raw)
        yield from map(json.loads, io.TextIOWrapper(reader, "utf-8"))


def texts(data: Path) -> dict[str, list[str]]:
    """Return documents by source; long ones are cut, books after their front matter."""
    documents: dict[str, list[str]] = defaultdict(list)
    files = {"books": "human_books", "podcasts": "human_podcasts_pre2022", "peps": "human_peps"}
    for name, file in files.items():
        for row in rows(data / f"{file}.jsonl.zst"):
            begin = len(row["text"]) // 10 if name == "books" else 0
            documents[name].append(row["text"][begin : begin + PIECE[name]])
    for row in rows(data / "pairs_raid_hc3_subset.jsonl.zst"):
        documents[row["set"]].append(row["text"])
    for row in rows(data / "gens_gemma3_wikitext2_ratio50.jsonl.zst"):
        if row["kind"] != "human":
            documents[f"gen{int(row['gen']):02d}"].append(row["text"])
        elif int(row["gen"]) == 0:
            documents["wikipedia"].append(row["text"])
    return dict(documents)


def encoder(name: str, raw: dict[str, list[str]]) -> Encode:
    """Return an encoder: lower-case `words`, a BPE trained on `raw`, or a tokenizer by its spec."""
    if name == "words":
        return _words()
    if name == BPE:
        return _bpe([text for source in ("books", "podcasts", "peps") for text in raw[source]])
    tokenizer = load(name)
    return lambda batch: [np.asarray(tokenizer.encode(text), dtype=np.uint32) for text in batch]


def _words() -> Encode:
    seen: dict[str, int] = {}

    def encode(batch: Sequence[str]) -> Documents:
        split = (WORD.findall(text.lower()) for text in batch)
        return [
            np.array([seen.setdefault(word, len(seen)) for word in words], dtype=np.uint32)
            for words in split
        ]

    return encode


def _bpe(human: Sequence[str]) -> Encode:
    """Train a byte-level BPE of 50,000 tokens, which is deterministic."""
    from tokenizers import ByteLevelBPETokenizer

    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(human, vocab_size=50_000, show_progress=False)
    return lambda batch: [
        np.array(encoding.ids, dtype=np.uint32) for encoding in tokenizer.encode_batch(list(batch))
    ]


def sample(documents: Documents, size: int, seed: int = 0) -> Sample:
    """Sample documents in hash order up to `size` tokens; the seed determines the order."""
    documents = [document for document in documents if len(document)]
    hashes = ordinal_hash(np.arange(len(documents)) + (seed << 32))
    order = np.argsort(hashes)
    length = np.array([len(documents[i]) for i in order], dtype=np.int64)
    order = order[: within(length, size)]
    return Sample(
        hashes[order], length[: len(order)], np.concatenate([documents[i] for i in order])
    )


def halves(documents: Documents, seed: int, share: float = 0.5) -> tuple[Documents, Documents]:
    """Divide documents at random into two parts."""
    order = np.random.default_rng(seed).permutation(len(documents))
    cut = int(share * len(documents))
    return [documents[i] for i in order[:cut]], [documents[i] for i in order[cut:]]


def looped(document: Ids) -> Ids:
    """Let a document repeat its first eight tokens after its first third."""
    third = len(document) // 3
    return np.concatenate([document[:third], np.resize(document[:8], len(document) - third)])


def mixed(human: Documents, synthetic: Documents, share: float, seed: int) -> Documents:
    """Replace a share of human documents by synthetic ones."""
    rng = np.random.default_rng(seed)
    replaced = rng.random(len(human)) < share
    others = iter(rng.permutation(len(synthetic)).tolist() * 9)
    return [
        synthetic[next(others)] if taken else document
        for document, taken in zip(human, replaced, strict=True)
    ]
