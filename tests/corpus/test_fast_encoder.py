"""Many texts in one call against each text by itself, which tiktoken and `tokenizers` encode."""

import base64
import gzip
import os
import random
import signal
import string
import threading
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import tiktoken
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, models, normalizers, pre_tokenizers

from collapse_stats.system.budget import resident
from collapse_stats.tokenizers import Tokenizer, fast_encoder, load
from collapse_stats.tokenizers.byte_pairs import of_encoding, of_ranks
from collapse_stats.tokenizers.splitting import CL100K, O200K, R50K
from collapse_stats.tokenizers.texts import as_list, joined, together

pytest.importorskip("gigatoken", reason="gigatoken has no wheel for this platform")

LINES = gzip.decompress(
    resources.files("collapse_stats").joinpath("data/builtin.tiktoken.gz").read_bytes()
)
RANKS = {
    base64.b64decode(token): int(rank) for token, rank in (x.split() for x in LINES.splitlines())
}
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace("{1,3}", "")


def of_tiktoken(pattern: str) -> Tokenizer:
    return of_ranks("x", RANKS, pattern, {"<|endoftext|>": 40_000, "<|im_start|>": 40_001})


def of_json(split: str | None, normalizer: Any = None) -> Callable[[], Tokenizer]:
    """A byte-level ``tokenizer.json``, trained on this file, with added tokens of both kinds."""

    def make() -> Tokenizer:
        from collapse_stats.tokenizers.hugging_face import of_json

        model = tokenizers.Tokenizer(models.BPE(ignore_merges=split == LLAMA3))
        byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=split is None)
        model.pre_tokenizer = byte_level
        if split is not None:
            first = pre_tokenizers.Split(Regex(split), behavior="isolated")
            model.pre_tokenizer = pre_tokenizers.Sequence([first, byte_level])
        if normalizer is not None:
            model.normalizer = normalizer
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=800,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            special_tokens=["<|endoftext|>"],
            show_progress=False,
        )
        model.train_from_iterator(Path(__file__).read_text().splitlines(), trainer)
        model.add_special_tokens([AddedToken("<|im_start|>", special=True)])
        model.add_tokens([AddedToken("<think>", special=False, normalized=False)])
        data = model.to_str().encode()
        return of_json("file:x", Path("x"), data)

    return make


TOKENIZERS: dict[str, Callable[[], Tokenizer]] = {
    "builtin": lambda: load("builtin"),
    "r50k": lambda: of_tiktoken(R50K),
    "cl100k": lambda: of_tiktoken(CL100K),
    "o200k": lambda: of_tiktoken(O200K),
    "gpt2.json": of_json(None),
    "llama3.json": of_json(LLAMA3),
    "qwen2.json": of_json(QWEN2, normalizers.NFC()),
}
SLOW: dict[str, Callable[[], Tokenizer]] = {
    "bytes": lambda: load("bytes"),
    "another pattern": lambda: of_tiktoken(r"\p{L}+|\P{L}"),
    "no separator": lambda: of_encoding(
        "y",
        tiktoken.Encoding(
            "y", pat_str=r"\p{L}+|\P{L}", mergeable_ranks=RANKS, special_tokens={"<|pad|>": 40_000}
        ),
        40_001,
        {"<|pad|>": 40_000},
    ),
    "gaps": lambda: of_ranks("x", {**RANKS, b"zzzzz": 70_000}, CL100K),
    "metaspace.json": lambda: metaspace(),
}


def metaspace() -> Tokenizer:
    from collapse_stats.tokenizers.hugging_face import of_json

    vocabulary = {letter: i for i, letter in enumerate(["?", *string.printable, "\u2581"])}
    model = tokenizers.Tokenizer(models.BPE(vocabulary, [], unk_token="?"))
    model.pre_tokenizer = pre_tokenizers.Metaspace()
    return of_json("file:y", Path("y"), model.to_str().encode())


MADE = {name: make() for name, make in (TOKENIZERS | SLOW).items()}

PIECES = st.sampled_from(
    [
        *("<|endoftext|>", "<|im_start|>", "<think>", "<|endof", "text|>", fast_encoder.SEPARATOR),
        *("'s", "'LL", "'\u017f", "\u2019t", "n't", "I'VE", " 'd", "\u212a"),
        *(" ", "  ", "\n", "\r\n", "\r", "\t", "\u00a0", "\u3000", "\u0085", "\u2028", "\x1c"),
        *(
            "1",
            "12345",
            "\u0663\u0664",
            "\u00bd",
            "\u2168",
            "e\u0301",
            "\u0301",
            "\u01c5",
            "\u02b0",
        ),
        *(
            "\u65e5\u672c",
            "\ud55c\uad6d",
            "\u0939\u093f",
            "\U0001f468\u200d\U0001f469",
            "\U0001d51e",
        ),
        *("\x00", "\ufeff", "\ufffd", "\ud800", "\udc00", "#", "...", "/", "->", "The", " cat"),
    ]
)
TEXT = st.text(max_size=40) | st.lists(PIECES, max_size=12).map("".join)


def alone(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    return [tokenizer.encode(text).tolist() for text in texts]


def apart(found: tuple[Any, Any, Any]) -> list[list[int]]:
    ids, start, stop = found
    assert (np.diff(start) >= 0).all()
    assert (start[1:] >= stop[:-1]).all()
    assert start.dtype == stop.dtype == np.int64
    return [ids[a:b].tolist() for a, b in zip(start, stop, strict=True)]


@pytest.mark.parametrize("name", TOKENIZERS)
def test_the_fast_library_is_used_where_it_has_the_rule(name: str) -> None:
    assert MADE[name].library.startswith("gigatoken ")
    assert MADE[name].warnings == ()


@pytest.mark.parametrize("name", SLOW)
def test_the_others_are_used_elsewhere(name: str) -> None:
    assert MADE[name].library.partition(" ")[0] in ("Python", "tiktoken", "tokenizers")


@pytest.mark.parametrize("name", MADE)
@settings(max_examples=150)
@given(texts=st.lists(TEXT, max_size=6))
def test_all_at_once_have_the_ids_of_each_alone(name: str, texts: list[str]) -> None:
    tokenizer = MADE[name]
    found = tokenizer.encode_all(texts)
    assert apart(found) == alone(tokenizer, texts)
    assert found[0].dtype == tokenizer.encode("").dtype


@pytest.mark.parametrize("name", MADE)
@settings(max_examples=40)
@given(texts=st.lists(TEXT, max_size=6), data=st.data())
def test_arrow_arrays_are_encoded_as_lists_are(
    name: str, texts: list[str], data: st.DataObject
) -> None:
    texts = [text.encode(errors="replace").decode() for text in texts]
    array = pa.array(texts, data.draw(st.sampled_from([pa.string(), pa.large_string()])))
    first = data.draw(st.integers(0, len(texts)))
    parts = [array[:first], array[first:]]
    if data.draw(st.booleans()):
        parts[0] = parts[0].to_pylist()
    expected = alone(MADE[name], texts)
    assert apart(MADE[name].encode_all(array[first:])) == expected[first:]
    assert apart(MADE[name].encode_all(together(parts))) == expected


@pytest.mark.parametrize("name", TOKENIZERS)
@pytest.mark.parametrize("unit", [" ", "\n", " \n", "a", "1", "\u00a0", ".", "\u65e5"])
def test_many_times_the_same(name: str, unit: str) -> None:
    times = {"builtin": 1_000_000, "r50k": 100_000, "o200k": 100_000}.get(name, 20_000)
    tokenizer = MADE[name]
    texts = ["x", "x" + unit * (times // len(unit)) + "y", ""]
    assert apart(tokenizer.encode_all(texts)) == alone(tokenizer, texts)


@pytest.mark.parametrize("name", ["builtin", "r50k", "o200k"])
@pytest.mark.parametrize("around", ["%s", "a%sa 1", " %s ", "'%ss"])
def test_all_characters(name: str, around: str) -> None:
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    texts = [
        "\n".join(around % character for character in characters[at : at + 5000])
        for at in range(0, len(characters), 5000)
    ]
    assert apart(MADE[name].encode_all(texts)) == alone(MADE[name], texts)


def test_threads_agree() -> None:
    rng = random.Random(1)
    words = [
        "".join(rng.choices(string.ascii_letters, k=rng.randrange(1, 12))) for _ in range(9999)
    ]
    texts = [" ".join(rng.choices(words, k=2000)) for _ in range(40)]
    tokenizer = of_tiktoken(CL100K)
    expected = alone(tokenizer, texts)
    found: list[Any] = []

    def encode() -> None:
        found.append(apart(tokenizer.encode_all(texts)))

    threads = [threading.Thread(target=encode) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 6


def test_other_threads_run_meanwhile() -> None:
    """The library lets go of Python's lock, which it does not in every way of calling it."""
    numbers = random.Random(0).choices(range(1 << 30), k=2_000_000)
    text = " ".join(map(str, numbers))
    tokenizer = load("builtin")
    tokenizer.encode_all([text[:1000]])
    done, turns = threading.Event(), [time.perf_counter()]

    def take_turns() -> None:
        while not done.wait(0.001):
            turns.append(time.perf_counter())

    thread = threading.Thread(target=take_turns)
    thread.start()
    begin = time.perf_counter()
    tokenizer.encode_all([text])
    elapsed = time.perf_counter() - begin
    done.set()
    thread.join()
    assert max(np.diff([*turns, time.perf_counter()])) < elapsed / 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_process_encodes() -> None:
    tokenizer = load("builtin")
    texts = [["a text of a few words"] * 1000, ["long " * 2_000_000]]
    expected = [len(tokenizer.encode_all(each)[0]) for each in texts]
    child = os.fork()
    if child == 0:
        found = [len(tokenizer.encode_all(each)[0]) for each in texts]
        os._exit(0 if found == expected else 1)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            assert os.waitstatus_to_exitcode(status) == 0
            return
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    pytest.fail("the child waits for threads that it does not have")


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random letters: each word is new, and would be remembered for ever."""
    monkeypatch.setattr(fast_encoder, "_ROOM", 16 << 20)
    tokenizer = of_tiktoken(CL100K)
    rng = random.Random(2)
    before = most = resident()
    for _ in range(96):
        words = np.frombuffer(rng.randbytes(1 << 19), dtype=np.uint8) % 26 + 97
        words[8::9] = 32
        tokenizer.encode_all([words.astype(np.uint8).tobytes().decode()])
        most = max(most, resident())
    assert most - before < 160 << 20  # 380 without a bound
    assert apart(tokenizer.encode_all(["it's", "1"])) == alone(tokenizer, ["it's", "1"])


def test_an_encoder_that_gives_other_ids_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_encoder, "_SCHEMES", {CL100K: "gpt2"})
    tokenizer = of_tiktoken(CL100K)
    assert tokenizer.library == f"tiktoken {tiktoken.__version__}"
    (warning,) = tokenizer.warnings
    assert warning.startswith("tokenizer x: gigatoken ")
    assert warning.endswith(" gives other ids for some texts, and is not used")
    texts = ["it's 12345", "", "a"]
    assert apart(tokenizer.encode_all(texts)) == alone(MADE["cl100k"], texts)


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_encoder, "find_spec", lambda name: None)
    tokenizer = of_tiktoken(CL100K)
    assert tokenizer.library == f"tiktoken {tiktoken.__version__}"
    assert tokenizer.warnings == ()
    assert tokenizer.sha256 == MADE["cl100k"].sha256
    texts = ["it's 12345", "", "a"]
    assert apart(tokenizer.encode_all(texts)) == alone(MADE["cl100k"], texts)


def test_joined_is_what_python_joins() -> None:
    array = pa.array(["a", "", "\u00e9"] * 2, pa.large_string())[1:]
    for texts in (array, array.cast(pa.string()), array.to_pylist(), array[:1], array[:0], []):
        expected = "".join(f"{text}|" for text in as_list(texts))
        assert joined(texts, "|") == expected.encode()
