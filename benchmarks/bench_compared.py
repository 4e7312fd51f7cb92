"""What other published tools answer, beside ours: the same input, question and number of threads.

COLLAPSE_STATS_BENCH_TOKENS=3_000_000 pytest -s benchmarks/bench_compared.py

Each answer is made in a process of its own (`compared_case`, which has the tools and how they are
used). Ours and another take turns, and both answers are compared. A tool that is not installed is
skipped. docs/compared-with.md shows the results, `bench_peers.py` has NumPy, Polars and DuckDB.

    pip install tokengrams infini-gram lexicalrichness scikit-bio 'datatrove[io,processing]'
    pip install diversity        # in another environment: it needs an older transformers

`lmplz` of KenLM is looked for on the PATH; its sources are in the sdist of `kenlm`.
"""

import json
import math
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
import workloads
from compared_case import ORDER, QUESTIONS
from measure import rounds, size
from pytest_benchmark.fixture import BenchmarkFixture

OURS = "collapse_stats"
LOOKED_UP = 10_000  # n-grams
DOCUMENT = 1000  # tokens
WORDS_OF_TEXT = 0.1  # of the tokens: what reads words in Python is slower
SAME = 1e-7  # relative; scipy's hypergeometric distribution, in lexicalrichness, has errors of 2e-8
PAIRS = [(question, tool) for question in QUESTIONS for tool in QUESTIONS[question] if tool != OURS]
Measured = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the inputs of all questions into a folder, without any of the tools."""
    path = tmp_path_factory.mktemp("compared")
    tokens = workloads.text_tokens(size()).astype(np.uint16)
    tokens.tofile(path / "tokens.bin")
    (path / "vocab_size").write_text(str(workloads.text_vocab_size()))
    np.save(path / "queries.npy", most_frequent(tokens))
    np.save(path / "counts.npy", pair_counts(tokens))
    write_documents(path, tokens)
    write_texts(path)
    return path


def most_frequent(tokens: workloads.Tokens) -> Any:
    """The most frequent n-grams ``(LOOKED_UP, ORDER)``."""
    ids = tokens.astype(np.uint64)
    windows = len(ids) - ORDER + 1
    keys = sum(ids[at : at + windows] << np.uint64(16 * (ORDER - 1 - at)) for at in range(ORDER))
    kinds, counts = np.unique(keys, return_counts=True)
    chosen = kinds[np.argsort(-counts, kind="stable")[:LOOKED_UP]]
    columns = [
        chosen >> np.uint64(16 * (ORDER - 1 - at)) & np.uint64(0xFFFF) for at in range(ORDER)
    ]
    return np.stack(columns, axis=1).astype(np.int64)


def pair_counts(tokens: workloads.Tokens) -> Any:
    """How often each pair of tokens occurs ``(V,)``."""
    return np.unique(tokens[:-1].astype(np.uint32) << 16 | tokens[1:], return_counts=True)[1]


def write_documents(path: Path, tokens: workloads.Tokens) -> None:
    """Write documents of tokens as words, one a line."""
    documents = [tokens[at : at + DOCUMENT] for at in range(0, len(tokens), DOCUMENT)]
    lines = (" ".join(f"w{token}" for token in each.tolist()) for each in documents)
    (path / "words.txt").write_text("\n".join(lines) + "\n")


def write_texts(path: Path) -> None:
    """Write texts as strings and as JSON lines, with a tokenizer that learned from some of them."""
    texts, characters = [], 0
    for text in workloads.texts():
        texts += [text[at : at + 4000] for at in range(0, len(text), 4000)]
        characters += len(text)
        if characters >= 4 * size():
            break
    words = round(WORDS_OF_TEXT * len(texts))
    (path / "texts.json").write_text(json.dumps(texts[: max(1, words)]))
    (path / "files").mkdir()
    half = len(texts) // 2
    for number, part in enumerate((texts[:half], texts[half:])):
        lines = "".join(json.dumps({"text": text}) + "\n" for text in part)
        (path / "files" / f"{number}.jsonl").write_text(lines)
    save_tokenizer(texts[:500], path / "tokenizer.json")


def save_tokenizer(texts: list[str], path: Path) -> None:
    """Train a byte-level BPE of 8,000 tokens, and save it as a tokenizer.json."""
    if find_spec("tokenizers") is None:
        return
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=8000, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.save(str(path))


def answered(question: str, tool: str, folder: Path) -> Measured:
    """Ask a tool in a process of its own."""
    script = Path(__file__).with_name("compared_case.py")
    command = [sys.executable, str(script), question, tool, str(folder)]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr[-2000:]
    measured: Measured = json.loads(process.stdout.splitlines()[-1])  # tools print as well
    return measured


@pytest.mark.parametrize(("question", "tool"), PAIRS)
def test_compared(benchmark: BenchmarkFixture, folder: Path, question: str, tool: str) -> None:
    if find_spec(tool) is None and shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    ours: list[Measured] = []
    theirs: list[Measured] = []
    benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: ours.append(answered(question, OURS, folder)),
        setup=lambda: theirs.append(answered(question, tool, folder)),
        rounds=rounds(),
    )
    own, other = sorted(ours[0]["answer"]), sorted(theirs[0]["answer"])
    assert len(own) == len(other)
    assert all(math.isclose(a, b, rel_tol=SAME) for a, b in zip(own, other, strict=True))
    for key, unit in (("cpu", "s"), ("seconds", "s"), ("peak", "MB")):
        of_us, of_them = (median(each[key] for each in side) for side in (ours, theirs))
        benchmark.extra_info |= {key: of_us, f"{key}_of_{tool}": of_them}
        print(
            f"\n{question}, {key}: {tool} {of_them:.3g} {unit}, {OURS} {of_us:.3g} {unit}", end=""
        )
