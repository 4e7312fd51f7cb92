"""Answer one question with one tool in this process, and print the answer and its cost as JSON.

python benchmarks/compared_case.py QUESTION TOOL FOLDER

`QUESTIONS` has the questions and the tools that can answer each. A tool is used as its own
documentation shows. It is imported, and the input read from the folder, before the clock starts;
an index that must be built before it can be asked belongs to the answer.
"""

import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

Answer = Callable[[], list[float]]
THREADS = 2
ORDER = 4  # of the n-grams that are looked up
END = 65_535  # the id that infini-gram puts before each document


# How often do these n-grams occur? -----------------------------------------------------------


def counted_by_us(folder: Path) -> Answer:
    import collapse_stats as cs

    size = vocab_size(folder)

    def answer() -> list[float]:
        profile = cs.profile(
            folder / "tokens.bin",
            dtype="u16",
            vocab_size=size,
            max_order=ORDER,
            halves=False,
            threads=THREADS,
        )
        return [count for _, count in profile.top(ORDER, k=len(queries(folder)))]

    return answer


def counted_by_tokengrams(folder: Path) -> Answer:
    from tokengrams import MemmapIndex

    grams, size = queries(folder), vocab_size(folder)

    def answer() -> list[float]:
        index = MemmapIndex.build(
            str(folder / "tokens.bin"), str(folder / "tokengrams.idx"), vocab=size
        )
        return [index.count(gram) for gram in grams]

    return answer


def counted_by_infini_gram(folder: Path) -> Answer:
    from infini_gram.engine import InfiniGramEngine

    grams, index = queries(folder), folder / "infini-gram"
    index.mkdir(exist_ok=True)
    for table in index.iterdir():
        table.unlink()
    tokens = np.fromfile(folder / "tokens.bin", np.uint16)
    np.insert(tokens, 0, END).tofile(index / "tokenized.0")
    np.zeros(1, np.uint64).tofile(index / "offset.0")
    command = [sys.executable, "-m", "infini_gram.indexing", "--data_dir", str(folder)]
    command += ["--save_dir", str(index), "--tokenizer", "llama", "--cpus", str(THREADS)]
    command += ["--mem", "4", "--shards", "1", "--token_dtype", "u16", "--ulimit", "1024"]

    def answer() -> list[float]:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        engine = InfiniGramEngine(str(index), eos_token_id=0)
        return [engine.count(input_ids=gram)["count"] for gram in grams]

    return answer


# How many n-grams of each order are there, and how many of them are different? -----------------


def distinct_by_us(folder: Path) -> Answer:
    import collapse_stats as cs

    def answer() -> list[float]:
        lines = (folder / "words.txt").read_text().splitlines()
        documents = [["<s>", *line.split(), "</s>"] for line in lines]  # as lmplz reads a line
        ids, kinds = word_ids(list(chain.from_iterable(documents)))
        lengths = [len(document) for document in documents]
        spectra = cs.spectra(ids, vocab_size=kinds, lengths=lengths, threads=THREADS)
        return [int(spectra[n].types.sum()) for n in range(2, 6)]

    return answer


def distinct_by_kenlm(folder: Path) -> Answer:
    command = ["lmplz", "-o", "5", "-S", "1G", "-T", str(folder), "--arpa", "/dev/null"]
    command += ["--text", str(folder / "words.txt"), "--discount_fallback"]

    def answer() -> list[float]:
        said = subprocess.run(command, check=True, capture_output=True, text=True).stderr
        types = dict(re.findall(r"^(\d) (\d+) D1=", said, re.MULTILINE))
        return [int(types[str(n)]) for n in range(2, 6)]

    return answer


# The n-gram diversity of words: distinct n-grams over all, summed over orders 1 to 4 -----------


def diversity_by_us(folder: Path) -> Answer:
    import collapse_stats as cs

    texts = json.loads((folder / "texts.json").read_text())

    def answer() -> list[float]:
        ids, kinds = word_ids(" ".join(texts).split(" "))
        spectra = cs.spectra(ids, vocab_size=kinds, max_order=4, threads=THREADS)
        ratios = [each.types.sum() / each.occurrences for each in spectra.values()]
        return [round(float(sum(ratios)), 3)]

    return answer


def diversity_by_diversity(folder: Path) -> Answer:
    from diversity import ngram_diversity_score

    texts = json.loads((folder / "texts.json").read_text())
    return lambda: [ngram_diversity_score(texts, 4)]


# MTLD, HD-D and MATTR of a text ----------------------------------------------------------------


def richness_by_us(folder: Path) -> Answer:
    from collapse_stats import metrics

    words = "".join(json.loads((folder / "texts.json").read_text())).split()

    def answer() -> list[float]:
        ids, _ = word_ids(words)
        found = (metrics.mtld(ids), metrics.document_hdd(ids), metrics.mattr(ids, window=100))
        return [float(value or 0) for value in found]

    return answer


def richness_by_lexicalrichness(folder: Path) -> Answer:
    from lexicalrichness import LexicalRichness

    words = "".join(json.loads((folder / "texts.json").read_text())).split()

    def answer() -> list[float]:
        text = LexicalRichness(words, preprocessor=None, tokenizer=None)
        return [text.mtld(threshold=0.72), text.hdd(draws=42), text.mattr(window_size=100)]

    return answer


# Chao1, ACE, Shannon entropy and Simpson's index of counts -------------------------------------


def ecology_by_us(folder: Path) -> Answer:
    from collapse_stats import Spectrum, metrics

    counts = np.load(folder / "counts.npy")

    def answer() -> list[float]:
        spectrum = Spectrum.from_counts(counts)
        found = (
            metrics.chao1(spectrum),
            metrics.ace(spectrum),
            metrics.entropy(spectrum, "plugin"),
            1 / (metrics.hill(spectrum, 2, "plugin") or 1),
        )
        return [float(value or 0) for value in found]

    return answer


def ecology_by_scikit_bio(folder: Path) -> Answer:
    from skbio.diversity import alpha

    counts = np.load(folder / "counts.npy")

    def answer() -> list[float]:
        found = (
            alpha.chao1(counts),
            alpha.ace(counts),
            alpha.shannon(counts, base=2),
            alpha.dominance(counts),
        )
        return [float(value) for value in found]

    return answer


# How many tokens do these files have? ----------------------------------------------------------


def tokens_by_us(folder: Path) -> Answer:
    import collapse_stats as cs

    def answer() -> list[float]:
        tokenizer = f"file:{folder / 'tokenizer.json'}"
        profile = cs.profile(folder / "files", tokenizer=tokenizer, table=False, threads=THREADS)
        return [profile.documents, profile.tokens]

    return answer


def tokens_by_datatrove(folder: Path) -> Answer:
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.stats import TokenStats

    saved = folder / "stats"

    def answer() -> list[float]:
        LocalPipelineExecutor(
            pipeline=[
                JsonlReader(str(folder / "files")),
                TokenStats(str(saved), str(folder / "tokenizer.json"), ["summary"]),
            ],
            tasks=THREADS,
            workers=THREADS,
            start_method="fork",  # so that what its processes use is counted
            logging_dir=str(folder / f"logs-{os.getpid()}"),
        ).run()
        parts = (saved / "summary" / "token_count").iterdir()
        found = [json.loads(part.read_text())["summary"] for part in parts]
        return [sum(part[key] for part in found) for key in ("n", "total")]

    return answer


# -----------------------------------------------------------------------------------------------

QUESTIONS: dict[str, dict[str, Callable[[Path], Answer]]] = {
    "counts": {
        "collapse_stats": counted_by_us,
        "tokengrams": counted_by_tokengrams,
        "infini_gram": counted_by_infini_gram,
    },
    "distinct": {"collapse_stats": distinct_by_us, "lmplz": distinct_by_kenlm},
    "diversity": {"collapse_stats": diversity_by_us, "diversity": diversity_by_diversity},
    "richness": {"collapse_stats": richness_by_us, "lexicalrichness": richness_by_lexicalrichness},
    "ecology": {"collapse_stats": ecology_by_us, "skbio": ecology_by_scikit_bio},
    "tokens": {"collapse_stats": tokens_by_us, "datatrove": tokens_by_datatrove},
}
"""Question -> what answers it: the module that must be there, or the program on the PATH."""


def queries(folder: Path) -> list[list[int]]:
    """The n-grams that are looked up."""
    grams: list[list[int]] = np.load(folder / "queries.npy").tolist()
    return grams


def vocab_size(folder: Path) -> int:
    """Size of the vocabulary of tokens.bin."""
    return int((folder / "vocab_size").read_text())


def word_ids(words: list[str]) -> tuple[Any, int]:
    """Number the words: ids ``(T,)``, and how many different words there are."""
    number = {word: at for at, word in enumerate(dict.fromkeys(words))}
    return np.fromiter(map(number.__getitem__, words), np.int64, len(words)), len(number)


def cpu_seconds() -> float:
    """CPU seconds of this process and of those it has waited for."""
    usage = [resource.getrusage(each) for each in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in usage)


def peak_megabytes() -> float:
    """Peak memory of this process, or of the largest that it has waited for.

    `ru_maxrss` of this process would not do: it is inherited from the one that started it.
    """
    own = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return max(int(own[1]) if own else 0, largest) * 1024 / 1e6


if __name__ == "__main__":
    question, tool, where = sys.argv[1:]
    ask = QUESTIONS[question][tool](Path(where))
    begun, spent = time.perf_counter(), cpu_seconds()
    values = ask()
    seconds, spent = time.perf_counter() - begun, cpu_seconds() - spent
    measured = {"seconds": seconds, "cpu": spent, "peak": peak_megabytes()}
    print(json.dumps({"answer": values, **measured}))
