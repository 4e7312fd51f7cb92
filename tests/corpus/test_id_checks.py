"""Ids outside the vocabulary: found where their file is known, and named with their place."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import collapse_stats as cs
from collapse_stats.cli.group import program
from collapse_stats.corpus.load import read_corpus
from collapse_stats.errors import InputError
from collapse_stats.ngrams import ids as ids_module
from collapse_stats.readers import boundaries
from collapse_stats.readers.options import ReadOptions

ON_A_PATH = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
VOCAB = 50


def first_bad(documents: list[list[int]], vocab_size: int) -> tuple[int, int, int] | None:
    """Number of the first document with an id that cannot be, the token's, and the id."""
    for document, tokens in enumerate(documents, 1):
        for position, token in enumerate(tokens, 1):
            if not 0 <= token < vocab_size:
                return document, position, token
    return None


def written(path: Path, documents: list[list[int]]) -> Path:
    """Write documents in the format of the file's name."""
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps({"input_ids": d}) + "\n" for d in documents))
    elif path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({"input_ids": pa.array(documents, pa.list_(pa.int64()))}), path)
    else:  # a stream, cut at 7
        flat = [token for document in documents for token in [*document, 7]]
        np.save(path, np.array(flat, dtype=np.int64))
    return path


def documents_of(corpus: Any) -> list[list[int]]:
    return [
        segment.tokens[a:b].tolist()
        for segment in corpus.segments
        for a, b in zip(segment.start, segment.stop, strict=True)
    ]


DOCUMENTS = st.lists(
    st.lists(
        st.integers(8, 40) | st.sampled_from([8, 8, 49, 50, -1, -100, 2**31, 2**40]),
        min_size=1,
        max_size=6,
    ),
    min_size=1,
    max_size=8,
)


@ON_A_PATH
@given(
    files=st.lists(DOCUMENTS, min_size=1, max_size=4),
    ending=st.sampled_from([".jsonl", ".parquet", ".npy"]),
    step=st.sampled_from([3, 1 << 20]),
)
def test_a_bad_id_is_named_and_leaves_out_the_rest_of_its_file(
    tmp_path: Path, files: list[list[list[int]]], ending: str, step: int
) -> None:
    paths = [written(tmp_path / f"{n}{ending}", docs) for n, docs in enumerate(files)]
    eot = 7 if ending == ".npy" else None
    found = [first_bad(docs, VOCAB) for docs in files]
    expected = [docs[: bad[0] - 1] if bad else docs for docs, bad in zip(files, found, strict=True)]
    options = {"vocab_size": VOCAB, "eot": eot}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boundaries, "BATCH_TOKENS", step)  # splits of few tokens
        patch.setattr(ids_module, "_PIECE", 4)
        if any(found):
            with pytest.raises(InputError) as caught:
                read_corpus(paths, reading=ReadOptions(**options))
            path, bad = next((p, b) for p, b in zip(paths, found, strict=True) if b)
            place = f"{path}: document {bad[0]}, token {bad[1]}: "
            assert str(caught.value).startswith(place)
            assert f"{bad[2]:,}" in str(caught.value)
        if all(found):
            with pytest.raises(InputError):
                read_corpus(paths, reading=ReadOptions(**options, skip_bad=True))
            return
        corpus = read_corpus(paths, reading=ReadOptions(**options, skip_bad=True))
    assert documents_of(corpus) == [document for docs in expected for document in docs]
    errors = {Path(source.path).name: source.error for source in corpus.sources if source.error}
    assert {*errors} == {p.name for p, bad in zip(paths, found, strict=True) if bad}
    for number, bad in enumerate(found):
        if bad and bad[0] > 1:
            before = bad[0] - 1
            counted = (
                "1 document before it is" if before == 1 else f"{before} documents before it are"
            )
            assert f"({counted} counted)" in errors[f"{number}{ending}"]


@ON_A_PATH
@given(documents=DOCUMENTS)
def test_without_a_vocabulary_only_what_is_no_id_is_bad(
    tmp_path: Path, documents: list[list[int]]
) -> None:
    path = written(tmp_path / "a.jsonl", documents)
    bad = first_bad(documents, 2**32)
    if bad:
        with pytest.raises(InputError, match=rf"document {bad[0]}, token {bad[1]}: ids must lie"):
            read_corpus(path)
        return
    corpus = read_corpus(path)
    assert documents_of(corpus) == documents
    largest = max(map(max, documents))
    assert corpus.vocab_size == (65_535 if largest < 65_535 else 2**32 - 1)


@pytest.mark.parametrize("dtype", ["<i2", "<i4", "<i8", ">i4", "<u4", "<u8", "|i1"])
def test_ids_of_every_type(tmp_path: Path, dtype: str) -> None:
    np.save(tmp_path / "good.npy", np.array([1, 2, 49], dtype=dtype))
    wrong = -100 if np.dtype(dtype).kind == "i" else 50
    np.save(tmp_path / "wrong.npy", np.array([1, wrong, 2], dtype=dtype))
    assert read_corpus(tmp_path / "good.npy", reading=ReadOptions(vocab_size=50)).tokens == 3
    for vocab_size in (50, None) if wrong < 0 else (50,):
        with pytest.raises(InputError, match=rf"wrong\.npy: document 1, token 2: .*{wrong}"):
            read_corpus(tmp_path / "wrong.npy", reading=ReadOptions(vocab_size=vocab_size))


def test_where_the_vocabulary_comes_from_is_said(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", [[1, 2], [3, 300]])
    for options, said in [
        ({"vocab_size": 100}, r"vocabulary of 100 ids \(--vocab-size\)"),
        ({"tokenizer": "bytes"}, r"vocabulary of 256 ids \(tokenizer bytes\)"),
        ({"tokenizer": "bytes", "vocab_size": 299}, r"vocabulary of 299 ids \(--vocab-size\)"),
    ]:
        with pytest.raises(InputError, match=said):
            read_corpus(path, reading=ReadOptions(**options))
    padded = cs.profile([[1, 2, 299]] * 3, tokenizer="bytes", vocab_size=300)
    with pytest.raises(InputError, match=r"of 300 ids \(the profile that is compared\)"):
        cs.compare(padded, path)


def test_ids_between_documents_may_be_anything(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([1, 2, 60, 3, 60], dtype=np.int64))
    corpus = read_corpus(tmp_path / "a.npy", reading=ReadOptions(vocab_size=50, eot=60))
    assert documents_of(corpus) == [[1, 2], [3]]
    profile = cs.profile(tmp_path / "a.npy", vocab_size=50, eot=60, max_order=2)
    assert profile.top(2) == [((1, 2), 1)]
    np.array([1, 2, 60, 3], dtype="<u2").tofile(tmp_path / "a.bin")
    flat = cs.profile(tmp_path / "a.bin", vocab_size=50, eot=60, dtype="u16", max_order=2)
    assert flat.top(2) == [((1, 2), 1)]


def test_a_doubt_about_the_type_is_the_remedy(tmp_path: Path) -> None:
    np.arange(1000, dtype="<u2").tofile(tmp_path / "a.bin")
    with pytest.raises(InputError, match=r"document 1, token 1: .*if so say --dtype u16"):
        read_corpus(tmp_path / "a.bin", reading=ReadOptions(dtype="u32", vocab_size=1000))


def test_the_command_leaves_such_a_file_out(tmp_path: Path) -> None:
    written(tmp_path / "a.npy", [[1, 2, 3], [4, 5]])
    written(tmp_path / "b.npy", [[1, 2], [9, -100], [3]])

    def run(*options: str) -> Any:
        command = ["show", str(tmp_path), "--eot", "7", "--max-order", "2", "--json", *options]
        return CliRunner().invoke(program, command)

    strict, lenient = run(), run("--skip-bad")
    assert (strict.exit_code, lenient.exit_code) == (2, 0)
    report = json.loads(lenient.stdout)["corpora"][0]
    assert (report["tokens"], report["documents"]) == (7, 3)
    (bad,) = report["unreadable"]
    assert bad["path"] == str(tmp_path / "b.npy")
    assert "document 2, token 2: ids must lie between 0 and 2**32 - 1, got -100" in bad["error"]


# --- the vocabulary of a text is that of its tokenizer --------------------------------------------


@pytest.mark.parametrize("size", [1, 255, 257, 50_304])
def test_a_text_has_the_vocabulary_of_its_tokenizer(size: int) -> None:
    with pytest.raises(InputError, match=rf"which is 256 for bytes, got {size:,}"):
        cs.profile(["some text"], tokenizer="bytes", vocab_size=size)
    assert cs.profile(["some text"], tokenizer="bytes", vocab_size=256).vocab_size == 256


def test_ids_may_have_more_than_their_tokenizer() -> None:
    # As the embedding of a model, which is padded to a round number.
    padded = cs.profile([[1, 2, 300]] * 70, tokenizer="bytes", vocab_size=384)
    assert (padded.vocab_size, padded.tokenizer.spec) == (384, "bytes")
    text = ["\x01\x02"] * 70
    plain = cs.profile(text, tokenizer="bytes")
    for comparison in (cs.compare(padded, text), cs.compare(padded, plain)):
        assert comparison.lost(1) == [("\ufffd", 70)]
        assert comparison.candidate.vocab_size == 384
    padded_ids = {"vocab_size": 384, "tokenizer": "bytes"}
    assert cs.compare(plain, [[1, 300]], **padded_ids).inflated(1)[0][0] == "\ufffd"
    with pytest.raises(cs.LayoutMismatchError, match="or with the --tokenizer that the ids are of"):
        cs.compare(plain, [[1, 300]], vocab_size=384)
