"""A tokenizer.json: counted right or refused, and spelled with its spaces.

The files are written by hand, and merges are made by the definition of byte-pair encoding.
"""

import hashlib
import json
import os
import random
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import collapse_stats as cs
from collapse_stats.corpus.load import read_corpus
from collapse_stats.errors import InputError
from collapse_stats.readers.options import ReadOptions
from collapse_stats.tokenizers import load
from collapse_stats.tokenizers.hugging_face import is_failure
from collapse_stats.tokenizers.spelling import BYTE_OF_CHARACTER
from collapse_stats.tokenizers.tokenizer import Tokenizer

hf = pytest.importorskip("tokenizers")

WORDS = "the cat sat on the mat that the other cat had sat on".split()
SPLIT_AT_SPACES = {"type": "WhitespaceSplit"}


def saved(path: Path, model: dict[str, Any], **parts: Any) -> str:
    """Write a tokenizer.json of these parts, and return its spec."""
    content = {"version": "1.0", "added_tokens": [], "model": model, **parts}
    path.write_text(json.dumps(content))
    return f"file:{path}"


def learned_merges(words: list[str], number: int) -> list[tuple[str, str]]:
    """Learn merges as byte-pair encoding does: the most frequent pair of neighbours first."""
    pieces, merges = [list(word) for word in words], []
    for _ in range(number):
        pairs = Counter(pair for word in pieces for pair in pairwise(word))
        if not pairs:
            break
        merges.append(max(pairs, key=lambda pair: (pairs[pair], pair)))
        pieces = [merged(word, merges[-1]) for word in pieces]
    return merges


def merged(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    found: list[str] = []
    for piece in pieces:
        if found and (found[-1], piece) == pair:
            found[-1] += piece
        else:
            found.append(piece)
    return found


MERGES = learned_merges(WORDS, 12)
VOCABULARY = {
    piece: i
    for i, piece in enumerate(
        dict.fromkeys([*sorted({*"".join(WORDS)}), *("".join(pair) for pair in MERGES), "<unk>"])
    )
}


def bpe(**options: Any) -> dict[str, Any]:
    model = {"type": "BPE", "vocab": VOCABULARY, "merges": [" ".join(pair) for pair in MERGES]}
    return model | {"unk_token": "<unk>"} | options


def by_definition(text: str) -> list[int]:
    ids = []
    for word in text.split():
        pieces = list(word)
        for pair in MERGES:
            pieces = merged(pieces, pair)
        ids += [VOCABULARY[piece] for piece in pieces]
    return ids


def texts_of(seed: int, number: int = 200) -> list[str]:
    draw = random.Random(seed)
    return [" ".join(draw.choices(WORDS, k=draw.randint(1, 12))) for _ in range(number)]


# --- a text has all of its tokens, no others, and always the same --------------------------------


@pytest.mark.parametrize("dropout", [None, 0.0, 0.1, 0.5, 1.0])
def test_dropout_is_not_applied(tmp_path: Path, dropout: float | None) -> None:
    spec = saved(tmp_path / "t.json", bpe(dropout=dropout), pre_tokenizer=SPLIT_AT_SPACES)
    texts = texts_of(0)
    expected = [by_definition(text) for text in texts]
    tokenizer = load(spec)
    assert [tokenizer.encode(text).tolist() for text in texts] == expected
    ids, start, stop = tokenizer.encode_all(texts)
    assert [ids[a:b].tolist() for a, b in zip(start, stop, strict=True)] == expected

    comparison = cs.compare(texts, texts, tokenizer=spec)
    assert comparison.baseline.tokens == sum(map(len, expected))
    assert comparison.joint_spectrum(2).a.tolist() == comparison.joint_spectrum(2).b.tolist()
    warned = [line for line in cs.profile(texts, tokenizer=spec).warnings if "dropout" in line]
    assert len(warned) == bool(dropout)
    # A profile of an earlier version, which had applied it, is not of the same tokenizer.
    plain = hashlib.sha256((tmp_path / "t.json").read_bytes()).hexdigest()
    assert (tokenizer.sha256 == plain) == (not dropout)


@given(text=st.text(alphabet="theca sonmdrt ", max_size=60))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_a_file_says_of_the_ends_of_texts_is_not_applied(tmp_path: Path, text: str) -> None:
    template = [{"Sequence": {"id": "A", "type_id": 0}}] * 2  # the text twice
    special = {"id": "<s>", "ids": [0], "tokens": ["<s>"]}
    spec = saved(
        tmp_path / "t.json",
        bpe(),
        pre_tokenizer=SPLIT_AT_SPACES,
        truncation={"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0},
        padding={
            "strategy": {"Fixed": 16},
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 0,
            "pad_type_id": 0,
            "pad_token": "<unk>",
        },
        post_processor={
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, *template],
            "pair": [
                {"Sequence": {"id": "A", "type_id": 0}},
                {"Sequence": {"id": "B", "type_id": 0}},
            ],
            "special_tokens": {"<s>": special},
        },
    )
    known = "".join(letter for letter in text if letter in VOCABULARY or letter == " ")
    assert load(spec).encode(known).tolist() == by_definition(known)


def test_what_would_be_left_out_or_mixed_up_is_said(tmp_path: Path) -> None:
    lossy = load(saved(tmp_path / "a.json", bpe(unk_token=None), pre_tokenizer=SPLIT_AT_SPACES))
    assert lossy.encode("the zzz cat").tolist() == by_definition("the cat")
    assert "characters that its vocabulary lacks give no token" in " ".join(lossy.warnings)
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    alphabet = {
        letter: i for i, letter in enumerate(sorted(hf.pre_tokenizers.ByteLevel.alphabet()))
    }
    model = {"type": "BPE", "vocab": alphabet, "merges": []}
    whole = load(saved(tmp_path / "b.json", model, pre_tokenizer=byte_level))
    assert (whole.warnings, len(whole.encode("naïve 日"))) == ((), len("naïve 日".encode()))
    part = dict(list(alphabet.items())[1:])
    cut = load(saved(tmp_path / "c.json", {**model, "vocab": part}, pre_tokenizer=byte_level))
    assert "give no token" in " ".join(cut.warnings)
    twice = {"type": "WordLevel", "vocab": {"a": 0, "b": 0, "c": 1}, "unk_token": "c"}
    shared = load(saved(tmp_path / "d.json", twice, pre_tokenizer=SPLIT_AT_SPACES))
    assert "1 of its tokens have the id of another" in " ".join(shared.warnings)


# --- what the library cannot do is an error of the text, or of the file ---------------------------

WORD_LEVEL = {"type": "WordLevel", "vocab": {"the": 0, "cat": 1}, "unk_token": "<unk>"}
WORD_PIECE = {"continuing_subword_prefix": "##", "max_input_chars_per_word": 100}
LETTERS = [[letter, -3.0] for letter in "theca"]
WITHOUT_UNKNOWN = [
    WORD_LEVEL,
    {**WORD_LEVEL, **WORD_PIECE, "type": "WordPiece"},
    bpe(unk_token="<no>"),
    {"type": "Unigram", "unk_id": None, "vocab": [["the", -1.0], ["cat", -1.0], *LETTERS]},
]


@pytest.mark.parametrize("model", WITHOUT_UNKNOWN, ids=lambda model: str(model["type"]))
def test_a_text_that_cannot_be_tokenized(tmp_path: Path, model: dict[str, Any]) -> None:
    spec = saved(tmp_path / "t.json", model, pre_tokenizer=SPLIT_AT_SPACES)
    expected = load(spec).encode("the cat").tolist()
    with pytest.raises(InputError, match=r"t\.json fails on this text .*that token to the vocab"):
        load(spec).encode("the zzz cat")
    for name, texts in [
        ("a", ["the", "cat the"]),
        ("b", ["the cat", "cat", "zzz", "the"]),
        ("c", ["cat"]),
    ]:
        lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
        (tmp_path / f"{name}.jsonl").write_text(lines)
    paths = [tmp_path / f"{name}.jsonl" for name in "abc"]
    with pytest.raises(InputError, match=r"b\.jsonl: document 3: tokenizer"):
        read_corpus(paths, reading=ReadOptions(tokenizer=spec))
    corpus = read_corpus(paths, reading=ReadOptions(tokenizer=spec, skip_bad=True))
    (segment,) = corpus.segments
    lengths = (segment.stop - segment.start).tolist()
    cat = load(spec).encode("cat").tolist()
    assert corpus.documents == 5  # two of a, the two of b before the bad one, and c
    assert lengths == [
        len(load(spec).encode(t)) for t in ("the", "cat the", "the cat", "cat", "cat")
    ]
    assert segment.tokens[-len(cat) :].tolist() == cat
    assert expected in [segment.tokens[a:b].tolist() for a, b in zip(segment.start, segment.stop)]  # noqa: B905
    (line,) = [warning for warning in corpus.warnings if "b.jsonl" in warning]
    assert line.endswith("(2 documents before it are counted)")
    with pytest.raises(InputError, match=r"\(iterable\): document 2"):
        read_corpus(["the", "zzz"], reading=ReadOptions(tokenizer=spec))


class PanicException(BaseException):
    """What a library in Rust raises that panics; it is no Exception."""


@pytest.mark.parametrize("error", [PanicException("oh"), RuntimeError("oh"), ValueError("oh")])
def test_whatever_a_library_raises_becomes_an_input_error(error: BaseException) -> None:
    def fail(text: str) -> list[int]:
        raise error

    tokenizer = Tokenizer("mine", 10, "", "", fail, lambda ids: b"")
    with pytest.raises(InputError, match=r"tokenizer mine fails on this text \(oh\)"):
        tokenizer.encode("a")
    with pytest.raises(InputError, match=r"tokenizer mine fails on this text \(oh\)"):
        tokenizer.encode_all(["a", "b"])
    assert is_failure(error)
    assert not any(map(is_failure, (KeyboardInterrupt(), SystemExit(), MemoryError())))


def test_a_stop_by_the_user_is_not_an_error_of_the_text() -> None:
    def interrupted(text: str) -> list[int]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Tokenizer("mine", 10, "", "", interrupted, lambda ids: b"").encode("a")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "not a Hugging Face"),
        (b"\xff\xfe{", "not a Hugging Face"),
        (b"[" * 100_000, "not a Hugging Face"),
        (b"[]", "no object under 'model'"),
        (b'{"a": 1}', "no object under 'model'; tokenizer_config.json"),
        (b'{"model": {}}', "not a Hugging Face"),
        (
            b'{"version": "1.0", "model": {"type": "WordLevel", "vocab": {"a": -1}}}',
            "not a Hugging",
        ),
        (
            b'{"version": "1.0", "model": {"type": "WordLevel", "vocab": {}, "unk_token": "x"}}',
            "vocabulary, this one's is empty",
        ),
    ],
)
def test_a_file_that_is_no_tokenizer(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "t.json").write_bytes(content)
    with pytest.raises(InputError, match=sentence) as caught:
        load(f"file:{tmp_path / 't.json'}")
    assert str(tmp_path / "t.json") in str(caught.value)


def test_where_a_file_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path / "tokenizer.json", bpe(), pre_tokenizer=SPLIT_AT_SPACES)
    (tmp_path / "link.json").symlink_to(tmp_path / "tokenizer.json")
    monkeypatch.setenv("HOME", str(tmp_path))
    specs = [
        f"file:{tmp_path}",
        f"file:{tmp_path / 'link.json'}",
        "file:~",
        "file:~/tokenizer.json",
    ]
    assert len({load(spec).sha256 for spec in specs}) == 1
    (tmp_path / "dangling.json").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.json")  # reading it would wait for ever
    (tmp_path / "empty").mkdir()
    for name, sentence in [
        ("dangling.json", "cannot read"),
        ("pipe.json", "no regular file"),
        ("empty", "folder without a tokenizer.json"),
        ("x" * 300 + ".json", "cannot read"),
        ("a.model", "must end in"),
    ]:
        with pytest.raises(InputError, match=sentence):
            load(f"file:{tmp_path / name}")
    with pytest.raises(InputError, match="cannot read"):
        load("file:~nobody-has-this-name/tokenizer.json")


def test_ids_of_32_bits(tmp_path: Path) -> None:
    vocabulary = {"the": 0, "cat": 2**32 - 1, "<unk>": 2**31}
    spec = saved(
        tmp_path / "t.json", {**WORD_LEVEL, "vocab": vocabulary}, pre_tokenizer=SPLIT_AT_SPACES
    )
    assert load(spec).encode("cat the dog").tolist() == [2**32 - 1, 0, 2**31]
    profile = cs.profile(["cat the dog"] * 3, tokenizer=spec, max_order=3)
    assert profile.top(3) == [("cat the <unk>", 3)]
    with pytest.raises(ValueError, match="max_order must be between 1 and 3"):
        cs.profile(["cat"], tokenizer=spec, max_order=4)


# --- the text of single tokens -------------------------------------------------------------------


def spelled(spec: str, tokens: list[str]) -> str:
    """Text of tokens, whose ids are looked up in the file."""
    content = json.loads(Path(spec.removeprefix("file:")).read_text())
    vocabulary = content["model"]["vocab"]
    if isinstance(vocabulary, list):
        vocabulary = {token: i for i, (token, _) in enumerate(vocabulary)}
    vocabulary |= {token["content"]: token["id"] for token in content["added_tokens"]}
    return load(spec).decode([vocabulary[token] for token in tokens])


PIECES = ["▁the", "▁", "cat", "s", "<0xE2>", "<0x82>", "<0xAC>", "<unk>", "<s>"]
METASPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
LLAMA_DECODER = {
    "type": "Sequence",
    "decoders": [
        {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
        {"type": "ByteFallback"},
        {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0},
    ],
}
LLAMA_NORMALIZER = {
    "type": "Sequence",
    "normalizers": [
        {"type": "Prepend", "prepend": "▁"},
        {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
    ],
}
SPECIAL = [
    {"id": 8, "content": "<s>", "single_word": False, "lstrip": False, "rstrip": False}
    | {"normalized": False, "special": True}
]


@pytest.mark.parametrize("kind", ["BPE", "Unigram"])
@pytest.mark.parametrize(
    "parts",
    [
        {"pre_tokenizer": METASPACE, "decoder": METASPACE},
        {"pre_tokenizer": METASPACE, "decoder": None},
        {"normalizer": LLAMA_NORMALIZER, "decoder": LLAMA_DECODER},
        {"normalizer": LLAMA_NORMALIZER, "decoder": None},
    ],
)
def test_pieces_keep_their_spaces(tmp_path: Path, kind: str, parts: dict[str, Any]) -> None:
    model: dict[str, Any] = {"type": kind, "byte_fallback": True}
    if kind == "BPE":
        model |= {"vocab": {piece: i for i, piece in enumerate(PIECES)}, "merges": []}
    else:
        model |= {"vocab": [[piece, -1.0] for piece in PIECES], "unk_id": 7}
    decoder = parts["decoder"]
    if decoder is METASPACE:  # bytes need a step of their own
        parts = {
            **parts,
            "decoder": {"type": "Sequence", "decoders": [METASPACE, {"type": "ByteFallback"}]},
        }
    spec = saved(tmp_path / "t.json", model, added_tokens=SPECIAL, **parts)
    assert spelled(spec, ["▁the", "▁", "cat", "s"]) == " the cats"
    assert spelled(spec, ["cat", "s", "▁the"]) == "cats the"
    assert spelled(spec, ["<0xE2>", "<0x82>", "<0xAC>"]) == "€"
    assert spelled(spec, ["<0x82>", "▁the"]) == r"\x82 the"
    assert spelled(spec, ["<s>", "▁the"]) == "<s> the"
    assert load(spec).decode([0, 99]) == " the\ufffd"


def test_bytes_of_a_byte_level_vocabulary(tmp_path: Path) -> None:
    model = hf.Tokenizer(hf.models.BPE())
    model.pre_tokenizer = hf.pre_tokenizers.ByteLevel(add_prefix_space=False)
    model.decoder = hf.decoders.ByteLevel()
    trainer = hf.trainers.BpeTrainer(
        vocab_size=300,
        initial_alphabet=hf.pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<s>", "  x"],
        show_progress=False,
    )
    model.train_from_iterator(["the cat sat on the mat, naïve 日本 " * 10], trainer)
    model.save(str(tmp_path / "t.json"))
    for drop_decoder in (False, True):
        if drop_decoder:
            content = json.loads((tmp_path / "t.json").read_text())
            (tmp_path / "t.json").write_text(json.dumps(content | {"decoder": None}))
        tokenizer = load(f"file:{tmp_path / 't.json'}")
        text = " the naïve cat\n日本\t€ "
        ids = tokenizer.encode(text).tolist()
        assert tokenizer.decode(ids) == text
        raw = b"".join(
            tokenizer.decode([i]).encode().decode("unicode_escape").encode("latin-1")
            if "\\x" in tokenizer.decode([i])
            else tokenizer.decode([i]).encode()
            for i in ids
        )
        assert raw == text.encode()
        assert tokenizer.decode([0, 1]) == "<s>  x"


def test_words_of_a_word_piece_vocabulary(tmp_path: Path) -> None:
    vocabulary = {"[UNK]": 0, "play": 1, "##ing": 2, "the": 3, ".": 4, "##s": 5}
    model = {"type": "WordPiece", "vocab": vocabulary, "unk_token": "[UNK]"}
    model |= {"continuing_subword_prefix": "##", "max_input_chars_per_word": 100}
    decoder = {"type": "WordPiece", "prefix": "##", "cleanup": True}
    for number, parts in enumerate([{"decoder": decoder}, {"decoder": None}]):
        spec = saved(
            tmp_path / f"{number}.json", model, pre_tokenizer={"type": "BertPreTokenizer"}, **parts
        )
        assert spelled(spec, ["the", "play", "##ing", "."]) == "the playing ."
        assert spelled(spec, ["##ing", "the"]) == "##ing the"  # not the word "ing"


def test_words_with_a_suffix_and_words_alone(tmp_path: Path) -> None:
    vocabulary = {"the</w>": 0, "c": 1, "at</w>": 2}
    model = {"type": "BPE", "vocab": vocabulary, "merges": [], "end_of_word_suffix": "</w>"}
    decoder = {"type": "BPEDecoder", "suffix": "</w>"}
    for number, parts in enumerate([{"decoder": decoder}, {"decoder": None}]):
        spec = saved(tmp_path / f"{number}.json", model, **parts)
        assert spelled(spec, ["the</w>", "c", "at</w>"]) == "the cat "
    words = saved(tmp_path / "words.json", WORD_LEVEL, pre_tokenizer=SPLIT_AT_SPACES)
    assert spelled(words, ["the", "cat"]) == "the cat"


def test_n_grams_that_differ_by_a_space_are_told_apart(tmp_path: Path) -> None:
    pieces = ["▁the", "the", "▁cat", "cat", "▁", *"thecat"]
    model = {
        "type": "Unigram",
        "unk_id": 0,
        "vocab": [["<unk>", 0.0], *([piece, -len(piece) / 2] for piece in dict.fromkeys(pieces))],
    }
    spec = saved(tmp_path / "t.json", model, pre_tokenizer=METASPACE, decoder=METASPACE)
    profile = cs.profile(["the cat thecat"] * 70, tokenizer=spec, max_order=2)
    assert dict(profile.top(1)) == {" the": 140, " cat": 70, "cat": 70}
    assert dict(profile.top(2)) == {" the cat": 70, " cat the": 70, " thecat": 70}
    comparison = cs.compare(profile, ["thecat"] * 70)
    assert dict(comparison.lost(2)) == {" the cat": 70, " cat the": 70}
    assert comparison.inflated(2)[0][0] == " thecat"


def test_a_profile_is_not_spelled_with_another_file(tmp_path: Path) -> None:
    spec = saved(tmp_path / "t.json", bpe(), pre_tokenizer=SPLIT_AT_SPACES)
    profile = cs.profile(texts_of(1), tokenizer=spec)
    profile.save(tmp_path / "saved")
    saved(tmp_path / "t.json", bpe(fuse_unk=True), pre_tokenizer=SPLIT_AT_SPACES)
    with pytest.raises(InputError, match=r"was made with file:.*t\.json .*that file has changed"):
        cs.load(tmp_path / "saved").top(1)
    with pytest.raises(cs.LayoutMismatchError, match="that file has changed"):
        cs.compare(tmp_path / "saved", texts_of(1), tokenizer=spec)


# --- bytes ----------------------------------------------------------------------------------------


def byte_level(**parts: Any) -> dict[str, Any]:
    """Settings of a byte-level vocabulary whose tokens have every byte of a text."""
    vocabulary = {character: i for i, character in enumerate(sorted(BYTE_OF_CHARACTER))}
    step = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    model = {"type": "BPE", "vocab": vocabulary, "merges": []}
    return {"model": model, "pre_tokenizer": step, "decoder": step} | parts


def test_a_byte_level_vocabulary_keeps_bytes(tmp_path: Path) -> None:
    text = "né  \n宋 ☃ the cat"
    tokenizer = load(saved(tmp_path / "t.json", **byte_level()))
    assert tokenizer.keeps_bytes
    assert b"".join(map(tokenizer.bytes_of, tokenizer.encode(text).tolist())) == text.encode()


@pytest.mark.parametrize(
    "parts",
    [
        {"normalizer": {"type": "Lowercase"}},
        {"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True}},
        {"decoder": None},
        {
            "pre_tokenizer": {
                "type": "Sequence",
                "pretokenizers": [
                    {
                        "type": "Split",
                        "pattern": {"String": "-"},
                        "behavior": "Removed",
                        "invert": False,
                    },
                    byte_level()["pre_tokenizer"],
                ],
            }
        },
    ],
)
def test_a_vocabulary_that_may_change_text_does_not(tmp_path: Path, parts: dict[str, Any]) -> None:
    assert not load(saved(tmp_path / "t.json", **byte_level(**parts))).keeps_bytes


def test_a_vocabulary_of_words_does_not(tmp_path: Path) -> None:
    assert not load(saved(tmp_path / "t.json", bpe(), pre_tokenizer=SPLIT_AT_SPACES)).keeps_bytes
