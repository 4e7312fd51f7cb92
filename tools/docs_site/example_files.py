"""Write the small corpora that the examples of the documentation are about.

    python tools/docs_site/example_files.py DIR

The human text is the documentation that comes with Python. A small model learns from half of it and
writes ``gen1``; each later generation learns from the text of the one before.

``corpus/human/``                one half of the documentation, as JSON lines
``corpus/human2/``               the other half, from which the first generation learned
``corpus/gen1/`` ... ``gen5/``   what the models wrote
``human.jsonl``, ``gen1.jsonl``  the same as single files, with a ``prompt_id``
``runs/grpo/completions/``       samples of a training run as TRL writes them, step 0 to 500
``tokenizer.json``               a tokenizer of words; ``names_for_python`` has batches of its ids
"""

import hashlib
import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import collapse_stats as cs
from collapse_stats.simulation.human_text import human_documents
from collapse_stats.simulation.saved import save

TEXT = "70e8fca1c21db9021e100774f9b696fc7a6e4684a4bafb0ef76b769f0d254caa"
"""SHA-256 of the documentation of Python 3.11.7."""
GENERATIONS = 5
DOCUMENTS = 600  # of human text, in both halves
TOKENS = 150_000  # of each generation
ANSWERS = 4  # to a prompt
WORDS = 5_000  # of tokenizer.json
BATCHES, ROWS, LENGTH = 201, 4, 64


@cache
def is_text_of_pages() -> bool:
    """Whether this Python has the documentation that the pages show the figures of."""
    text = "\n".join(human_documents())
    return hashlib.sha256(text.encode()).hexdigest() == TEXT


def write_files(folder: Path) -> None:
    """Write all example files into a folder."""
    everything = folder / "python.jsonl"
    write_lines(everything, ({"text": text} for text in human_documents()[:DOCUMENTS]))
    simulation = cs.simulate(everything, GENERATIONS, fresh=0.0, tokens=TOKENS)
    save([simulation], folder / "simulated")
    everything.unlink()
    texts = {"human": "human", "human2": "gen-0"}
    texts |= {f"gen{n}": f"fresh-0/run-1/gen-{n}" for n in range(1, GENERATIONS + 1)}
    for name, source in texts.items():
        documents = texts_in(folder / "simulated" / f"{source}.jsonl")
        write_corpus(folder, name, documents)
        write_lines(folder / f"{name}.jsonl", answers(documents))
        if name != "human":
            step = 100 * (int(name[3:]) if name != "human2" else 0)
            write_completions(folder / "runs" / "grpo" / "completions", step, documents)
    write_tokenizer(folder / "tokenizer.json", texts_in(folder / "human.jsonl"))
    shutil.rmtree(folder / "simulated")


def texts_in(path: Path) -> list[str]:
    """The texts of a file of JSON lines."""
    return [json.loads(line)["text"] for line in path.read_text("utf-8").splitlines()]


def write_lines(path: Path, records: Iterator[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(record)}\n" for record in records)


def write_corpus(folder: Path, name: str, documents: list[str]) -> None:
    """Write a corpus as two files of JSON lines."""
    for part in range(2):
        path = folder / "corpus" / name / f"part-{part}.jsonl"
        write_lines(path, ({"text": text} for text in documents[part::2]))


def answers(documents: list[str]) -> Iterator[dict[str, Any]]:
    for number, text in enumerate(documents):
        yield {"prompt_id": number // ANSWERS, "text": text}


def write_completions(folder: Path, step: int, documents: list[str]) -> None:
    """Write samples of one step, several to a prompt, as TRL logs them."""
    folder.mkdir(parents=True, exist_ok=True)
    prompts = [f"Explain number {number // ANSWERS}." for number in range(len(documents))]
    columns = {"step": [step] * len(documents), "prompt": prompts, "completion": documents}
    pq.write_table(pa.table(columns), folder / f"completions_{step:05}.parquet")


def write_tokenizer(path: Path, documents: list[str]) -> None:
    """Write a tokenizer of the most frequent words."""
    frequent = Counter(word for text in documents for word in text.split()).most_common(WORDS - 2)
    vocabulary = {"[pad]": 0, "[unk]": 1} | {word: i + 2 for i, (word, _) in enumerate(frequent)}
    model = {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[unk]"}
    content = {"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "WhitespaceSplit"}}
    path.write_text(json.dumps(content | {"model": model}), "utf-8")


class Run:
    """Stands for what Weights & Biases calls a run: it takes dicts of floats."""

    def __init__(self) -> None:
        self.logged: list[tuple[int, dict[str, float]]] = []

    def log(self, figures: dict[str, float], step: int) -> None:
        self.logged.append((step, figures))


def batches() -> list[dict[str, np.ndarray]]:
    """Batches of ids with padding, as a loader of training data gives them."""
    rng = np.random.default_rng(5)
    found = []
    for _ in range(BATCHES):
        ids = np.minimum(rng.zipf(1.3, (ROWS, LENGTH)) + 1, WORDS - 1)
        mask = np.arange(LENGTH) < rng.integers(LENGTH // 4, LENGTH + 1, (ROWS, 1))
        found.append({"input_ids": np.where(mask, ids, 0), "attention_mask": mask.astype(int)})
    return found


def scores_of(document: np.ndarray) -> np.ndarray:
    """What a model might make of each token of a document, the first aside."""
    return np.where(np.arange(len(document)), -1.0, np.nan)


def names_for_python() -> dict[str, Any]:
    """What the Python code of the pages takes for given."""
    return {"run": Run(), "loader": batches(), "score": scores_of}


if __name__ == "__main__":
    write_files(Path(sys.argv[1]))
