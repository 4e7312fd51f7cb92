"""Tokenizers against Python's own UTF-8, the tokenizers library and tiktoken's published data."""

import base64
import gzip
import hashlib
import json
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from collapse_stats.errors import InputError
from collapse_stats.tokenizers import load, published
from collapse_stats.tokenizers.byte_pairs import of_encoding, of_ranks
from collapse_stats.tokenizers.splitting import CL100K, R50K
from collapse_stats.tokenizers.tiktoken_file import _PUBLISHED_PATTERNS

BUILTIN = load("builtin")
RANK_LINES = gzip.decompress(
    resources.files("collapse_stats").joinpath("data/builtin.tiktoken.gz").read_bytes()
)


def ranks_of_lines(lines: bytes) -> dict[bytes, int]:
    pairs = (line.split() for line in lines.splitlines())
    return {base64.b64decode(token): int(rank) for token, rank in pairs}


def merged(piece: bytes, ranks: dict[bytes, int]) -> list[int]:
    """Byte-pair encoding by definition: repeatedly merge the neighbours with the lowest rank."""
    parts = [piece[i : i + 1] for i in range(len(piece))]
    while len(parts) > 1:
        rank, at = min(
            (ranks.get(parts[i] + parts[i + 1], sys.maxsize), i) for i in range(len(parts) - 1)
        )
        if rank == sys.maxsize:
            break
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    return [ranks[part] for part in parts]


RANKS = ranks_of_lines(RANK_LINES)
UNMARKED = of_encoding(
    "y",
    tiktoken.Encoding(
        "y", pat_str=CL100K, mergeable_ranks=RANKS, special_tokens={"<|pad|>": 40_000}
    ),
    40_001,
    {"<|pad|>": 40_000},
)
LIKE_PUBLISHED = of_ranks("x", RANKS, CL100K, {"<|endoftext|>": 40_000})


@given(st.text())
def test_bytes_are_utf8(text: str) -> None:
    tokenizer = load("bytes")
    assert tokenizer.encode(text).tolist() == list(text.encode())
    assert tokenizer.decode(tokenizer.encode(text).tolist()) == text
    assert tokenizer.vocab_size == 256


@settings(max_examples=300)
@given(st.text() | st.text(alphabet="ab \n\r\t'1.\u00a0\u3000é\u0301", max_size=300))
def test_builtin_round_trips_any_text(text: str) -> None:
    ids = BUILTIN.encode(text)
    assert ids.dtype == np.uint16
    assert ids.max(initial=0) < BUILTIN.vocab_size
    assert BUILTIN.decode(ids.tolist()) == text


def test_builtin_merges_by_definition() -> None:
    import regex

    assert len(RANKS) == BUILTIN.vocab_size == 32_767
    assert sorted(RANKS.values()) == list(range(32_767))
    assert all(RANKS[bytes([value])] == value for value in range(256))
    text = "Don't stop: 31,415,926 rabbits\n\n  ran (quickly!) over naïve 日本.\t\tEnd   \r\n x "
    pieces = regex.findall(CL100K, text)
    assert "".join(pieces) == text
    expected = [i for piece in pieces for i in merged(piece.encode(), RANKS)]
    assert BUILTIN.encode(text).tolist() == expected


def test_builtin_compresses_english() -> None:
    text = "It was the best of times, it was the worst of times, it was the age of wisdom. " * 20
    assert len(text) / len(BUILTIN.encode(text)) > 3.5


@pytest.mark.parametrize(
    ("text", "bytes_per_token"),
    [
        ("Alle Menschen sind frei und gleich an Würde und Rechten geboren.", 3.0),
        ("Tous les êtres humains naissent libres et égaux en dignité et en droits.", 3.0),
        ("Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw.", 2.8),
        ("Все люди рождаются свободными и равными в своем достоинстве и правах.", 4.0),
        ("人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心。", 2.4),
        (
            "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
            2.4,
        ),
        ("def total(values):\n    for value in values:\n        yield value + 1\n", 2.8),
        ("Όλοι οι άνθρωποι γεννιούνται ελεύθεροι", 1.8),
        ("सभी मनुष्यों को गौरव और अधिकारों के मामले में स्वतन्त्रता", 2.2),
        ("모든 인간은 태어날 때부터 자유로우며", 1.3),
    ],
)
def test_builtin_compresses_other_languages(text: str, bytes_per_token: float) -> None:
    assert len(text.encode()) / len(BUILTIN.encode(text)) > bytes_per_token


@pytest.mark.parametrize("unit", [" ", "a", "\n", " \n", "ab", ".", "\u00a0", "1", "\ufffd"])
def test_degenerate_text(unit: str) -> None:
    text = unit * 300_000 + "x"
    assert BUILTIN.decode(BUILTIN.encode(text).tolist()) == text


def test_a_published_pattern_that_fails_on_white_space(tmp_path: Path) -> None:
    tokenizer = of_ranks("x", RANKS, CL100K)
    text = "a" + " " * 3_000_000 + "b"
    assert tokenizer.decode(tokenizer.encode(text).tolist()) == text


@pytest.mark.parametrize("spec", ["bytes", "builtin"])
def test_lone_surrogates_become_replacement_characters(spec: str) -> None:
    tokenizer = load(spec)
    assert tokenizer.decode(tokenizer.encode("a\ud800b").tolist()) == "a\ufffdb"
    assert tokenizer.decode(tokenizer.encode("\ud83d\ude00").tolist()) == "😀"


def test_special_names_in_text_are_text() -> None:
    assert BUILTIN.decode(BUILTIN.encode("<|endoftext|>").tolist()) == "<|endoftext|>"


def test_special_tokens_of_a_vocabulary_are_never_found_in_text() -> None:
    special = {"<|endoftext|>": 40_000}
    tokenizer = of_ranks("x", RANKS, CL100K, special)
    ids = tokenizer.encode("a<|endoftext|>b").tolist()
    assert ids == BUILTIN.encode("a<|endoftext|>b").tolist()
    assert tokenizer.vocab_size == 40_001
    assert tokenizer.decode([40_000]) == "<|endoftext|>"
    assert tokenizer.sha256 != BUILTIN.sha256


@pytest.mark.parametrize("spec", ["bytes", "builtin"])
def test_decoding_ids_that_are_not_text(spec: str) -> None:
    tokenizer = load(spec)
    assert tokenizer.decode([0xFF]) == r"\xff"
    assert tokenizer.decode([ord("a"), 60_000, ord("b")]) == "a\ufffdb"
    assert tokenizer.decode([]) == ""
    assert tokenizer.encode("").tolist() == []


def test_identity() -> None:
    # Profiles store this hash: with another one, those that were made before must be made again.
    assert BUILTIN.sha256 == "46eacd37e5c0e6cb51fcdb15f9ddc2d950e6bc380c79783ccc0cd93c9d9f82d6"
    assert load("builtin") == BUILTIN
    assert load("bytes").sha256 != BUILTIN.sha256
    other_pattern = of_ranks("builtin", RANKS, R50K)
    assert other_pattern.sha256 != BUILTIN.sha256
    renumbered = {token: rank + 1 for token, rank in RANKS.items()}
    assert of_ranks("builtin", renumbered, CL100K) != BUILTIN


def test_threads_agree() -> None:
    texts = [f"thread {i} says {i * i} words\n" * 50 for i in range(64)]
    expected = [BUILTIN.encode(text).tolist() for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert [ids.tolist() for ids in pool.map(BUILTIN.encode, texts)] == expected
    assert threading.active_count() < 16


# --- files --------------------------------------------------------------------------------------


def test_tiktoken_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.tiktoken"
    path.write_bytes(RANK_LINES)
    tokenizer = load(f"file:{path}")
    assert tokenizer.encode("some text").tolist() == BUILTIN.encode("some text").tolist()
    assert (tokenizer.sha256, tokenizer.vocab_size) == (BUILTIN.sha256, BUILTIN.vocab_size)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"hello world\n", "line 1 must be a token in base64"),
        (RANK_LINES[:1000], "line|single bytes"),
        (RANK_LINES + b"enp6eno= 5\n", "same rank twice"),
        (RANK_LINES + b"enp6eno= -5\n", r"line 32,768 must have a rank between 0 and .* got -5"),
        (RANK_LINES + b"enp6eno= 4294967295\n", "a rank between 0 and 4,294,967,294"),
        (RANK_LINES + b"enp6eno= 99999999999999999999999\n", "a rank between 0 and"),
        (RANK_LINES + b"YQ== 70000\n", "tokens must be different, got that of line 32,768"),
        (gzip.compress(RANK_LINES), "line 1 must be a token in base64"),
        (b"", "256 have none"),
    ],
)
def test_broken_tiktoken_file(tmp_path: Path, data: bytes, sentence: str) -> None:
    path = tmp_path / "a.tiktoken"
    path.write_bytes(data)
    with pytest.raises(InputError, match=sentence):
        load(f"file:{path}")


def test_lines_may_end_as_they_do_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "a.tiktoken"
    path.write_bytes(RANK_LINES.replace(b"\n", b"\r\n") + b"\r\n")
    tokenizer = load(f"file:{path}")
    assert tokenizer.sha256 == BUILTIN.sha256
    assert "split as builtin does" in " ".join(tokenizer.warnings)  # the file does not say how


def test_the_largest_rank(tmp_path: Path) -> None:
    path = tmp_path / "a.tiktoken"
    path.write_bytes(RANK_LINES + b"enp6eno= 4294967294\n")
    tokenizer = load(f"file:{path}")
    assert tokenizer.vocab_size == 2**32 - 1
    ids, start, stop = tokenizer.encode_all(["zzzzz", "a"])
    assert ids[start[1] : stop[1]].tolist() == [RANKS[b"a"]]


def test_wide_ids(tmp_path: Path) -> None:
    path = tmp_path / "a.tiktoken"
    path.write_bytes(RANK_LINES + b"enp6eno= 70000\n")
    ids = load(f"file:{path}").encode("zzzzz")
    assert ids.dtype == np.uint32
    assert load(f"file:{path}").vocab_size == 70_001
    assert load(f"file:{path}").decode([69_999]) == "\ufffd"  # a gap


def test_hugging_face_file(tmp_path: Path) -> None:
    hf: Any = pytest.importorskip("tokenizers")
    model = hf.Tokenizer(hf.models.BPE())
    model.pre_tokenizer = hf.pre_tokenizers.ByteLevel(add_prefix_space=False)
    model.decoder = hf.decoders.ByteLevel()
    alphabet = hf.pre_tokenizers.ByteLevel.alphabet()
    trainer = hf.trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=alphabet, special_tokens=["<s>"], show_progress=False
    )
    model.train_from_iterator(["the cat sat on the mat " * 10], trainer)
    expected = model.encode("the cat sat", add_special_tokens=False).ids
    model.enable_truncation(2)
    model.save(str(tmp_path / "tokenizer.json"))
    tokenizer = load(f"file:{tmp_path / 'tokenizer.json'}")
    assert len(expected) > 2
    assert tokenizer.encode("the cat sat").tolist() == expected
    assert tokenizer.decode(expected) == "the cat sat"
    assert model.encode("a<s>b", add_special_tokens=False).ids.count(model.token_to_id("<s>")) == 1
    named = tokenizer.encode("a<s>b").tolist()
    assert model.token_to_id("<s>") not in named
    assert tokenizer.decode(named) == "a<s>b"
    assert tokenizer.decode(tokenizer.encode("a\ud800").tolist()) == "a\ufffd"
    assert tokenizer.vocab_size == max(model.get_vocab().values()) + 1
    digest = hashlib.sha256((tmp_path / "tokenizer.json").read_bytes()).hexdigest()
    assert tokenizer.sha256 == digest
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(InputError, match=r"not a Hugging Face tokenizer\.json"):
        load(f"file:{tmp_path / 'bad.json'}")


def test_hugging_face_file_without_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tokenizer.json").write_text(json.dumps({}))
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(InputError, match=r"collapse-stats\[tokenizers\]"):
        load(f"file:{tmp_path / 'tokenizer.json'}")


# --- names --------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", ["", "gpt2", "tiktoken:", "file:", "bytes:x"])
def test_unknown_specs_list_the_known_ones(spec: str) -> None:
    with pytest.raises(ValueError, match=r"'bytes', 'builtin', 'tiktoken:NAME', 'file:PATH'"):
        load(spec)


def test_none_is_not_a_tokenizer() -> None:
    with pytest.raises(ValueError, match="holds token ids already"):
        load("none")


def test_unknown_tiktoken_name() -> None:
    with pytest.raises(ValueError, match=r"gpt2.*cl100k_base.*o200k_base.*got 'cl100k'"):
        load("tiktoken:cl100k")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nope\.tiktoken"):
        load(f"file:{tmp_path / 'nope.tiktoken'}")
    (tmp_path / "a.model").write_bytes(b"")
    with pytest.raises(InputError, match=r"\.tiktoken or \.json.*a\.model"):
        load(f"file:{tmp_path / 'a.model'}")


def test_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import requests
    import tiktoken.registry

    def refuse(url: str, **_: Any) -> None:
        raise requests.ConnectionError(request=requests.Request("GET", url).prepare())

    monkeypatch.setattr(requests, "get", refuse)
    monkeypatch.setattr(tiktoken.registry, "ENCODINGS", {})
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    with pytest.raises(InputError) as caught:
        load("tiktoken:o200k_base")
    message = str(caught.value)
    for part in (
        "o200k_base.tiktoken",
        "TIKTOKEN_CACHE_DIR",
        str(tmp_path),
        "builtin",
        "file:PATH",
    ):
        assert part in message
    url = next(word for word in message.split() if word.startswith("https://"))
    name = hashlib.sha1(url.encode()).hexdigest()
    assert name in message  # where tiktoken itself looks for it
    (tmp_path / name).write_bytes(b"not the vocabulary")
    with pytest.raises(InputError, match="could not be downloaded"):
        load("tiktoken:o200k_base")


def test_a_network_that_drops_packets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import requests
    import tiktoken.registry

    real = requests.get
    monkeypatch.setattr(tiktoken.registry, "ENCODINGS", {})
    monkeypatch.setattr(published, "_DOWNLOAD_TIMEOUT", 0.3)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts connections and never answers
        url = "http://{}:{}".format(*silent.getsockname())
        monkeypatch.setattr(requests, "get", lambda _, **options: real(url, **options))
        with pytest.raises(InputError, match=r"no answer within 0\.3 seconds.*TIKTOKEN_CACHE_DIR"):
            load("tiktoken:r50k_base")


def test_published_patterns_equal_those_of_tiktoken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tiktoken_ext import openai_public

    seen: list[str] = []

    def remember(url: str, expected_hash: str) -> dict[bytes, int]:
        seen.append(expected_hash)
        return {}

    monkeypatch.setattr(openai_public, "load_tiktoken_bpe", remember)
    for name in ("r50k_base", "p50k_base", "cl100k_base", "o200k_base"):
        pattern = openai_public.ENCODING_CONSTRUCTORS[name]()["pat_str"]
        assert _PUBLISHED_PATTERNS[seen[-1]] == pattern
