"""Profiles: what they answer, kept on disk and merged, against counting with `Counter`."""

import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from saved_profiles import edit, reseal

import collapse_stats as cs
from collapse_stats.backends.options import CountOptions
from collapse_stats.backends.selection import select
from collapse_stats.corpus.load import read_corpus
from collapse_stats.counting import parquet_part, part_writer
from collapse_stats.counting.table import read_aligned
from collapse_stats.profiles.build import profile_corpus
from collapse_stats.profiles.merge import merge
from collapse_stats.readers.options import ReadOptions
from collapse_stats.system.atomic_directory import new_directory

ORDER = 4


def random_documents(number, seed, vocab_size=50):
    rng = np.random.default_rng(seed)
    return [rng.zipf(1.4, rng.integers(0, 60)) % vocab_size for _ in range(number)]


def grams(documents, n):
    return Counter(
        tuple(int(t) for t in d[i : i + n]) for d in documents for i in range(len(d) - n + 1)
    )


@pytest.fixture(scope="module")
def documents():
    return random_documents(400, seed=1)


@pytest.fixture(scope="module")
def profile(documents):
    return cs.profile(documents, vocab_size=50, max_order=ORDER)


def same(first, second):
    return first.run == second.run and first.joint_spectra == second.joint_spectra


def test_totals_and_spectra(profile, documents):
    assert profile.tokens == sum(map(len, documents))
    assert (profile.documents, profile.vocab_size, profile.max_order) == (400, 50, ORDER)
    for n in range(1, ORDER + 1):
        counted = grams(documents, n)
        assert profile.windows(n) == sum(max(0, len(d) - n + 1) for d in documents)
        assert profile.distinct(n) == len(counted)
        expected = Counter(counted.values())
        spectrum = profile.spectrum(n)
        assert dict(zip(spectrum.count.tolist(), spectrum.types.tolist(), strict=True)) == expected
        assert profile.halves(n).total == spectrum


def test_contexts_are_the_beginnings_of_ngrams(profile, documents):
    for n in range(1, ORDER + 1):
        begins = Counter()
        for gram, count in grams(documents, n).items():
            begins[gram[:-1]] += count
        assert profile.contexts(n) == cs.Spectrum.from_counts(list(begins.values()))


def test_top(profile, documents):
    for n in range(1, ORDER + 1):
        counted = grams(documents, n)
        found = profile.top(n, k=25)
        assert [count for _, count in found] == [count for _, count in counted.most_common(25)]
        assert all(counted[gram] == count for gram, count in found)


def test_top_is_text_when_the_tokenizer_is_known():
    profile = cs.profile(iter(["abab", "abc"]), tokenizer="bytes", max_order=2)
    assert profile.top(2, k=1) == [("ab", 3)]


def test_save_and_load(profile, tmp_path):
    profile.save(tmp_path / "p")
    loaded = cs.load(tmp_path / "p")
    assert same(loaded, profile)
    assert loaded.layout == profile.layout
    assert np.array_equal(loaded.sample.tokens, profile.sample.tokens)
    assert np.array_equal(loaded.sample.length, profile.sample.length)
    assert loaded.sources == profile.sources
    table = pq.read_table(tmp_path / "p" / "part-00000.parquet")
    assert table.column_names == ["t1", "t2", "t3", "t4", "count_a", "count_b"]
    rows = zip(*(table[name].to_pylist() for name in table.column_names), strict=True)
    total = Counter()
    for *ids, a, b in rows:
        if ids[1] is not None:
            total[tuple(ids[:2])] += a + b
    assert len(total) == profile.distinct(2)


@pytest.mark.parametrize("group_rows", [7, 64, 100_000])
def test_parts_are_read_however_they_are_encoded(profile, tmp_path, monkeypatch, group_rows):
    monkeypatch.setattr(parquet_part, "GROUP_ROWS", group_rows)
    monkeypatch.setattr(part_writer, "PART_ROWS", 700)
    profile.save(tmp_path / "p")
    assert same(cs.load(tmp_path / "p"), profile)
    written = sorted((tmp_path / "p").glob("part-*"))
    assert len(written) > 3
    for number, part in enumerate(written):
        codec = ["zstd", "snappy", "none"][number % 3]
        table = pq.read_table(part)
        split = [name for name in table.column_names if name.startswith("t")]
        pq.write_table(
            table,
            part,
            compression=codec,
            row_group_size=group_rows + 1,
            use_dictionary=["count_a", "count_b"],
            column_encoding=dict.fromkeys(split, "BYTE_STREAM_SPLIT"),
        )
    reseal(tmp_path / "p")
    assert same(cs.load(tmp_path / "p"), profile)


def test_parts_out_of_order_are_refused(profile, tmp_path, monkeypatch):
    monkeypatch.setattr(part_writer, "PART_ROWS", 700)
    profile.save(tmp_path / "p")
    first, second = (tmp_path / "p" / f"part-0000{number}.parquet" for number in (0, 1))
    content = first.read_bytes(), second.read_bytes()
    second.write_bytes(content[0])
    first.write_bytes(content[1])

    def exchange(manifest):
        parts = manifest["parts"]
        parts[:2] = [parts[1] | {"file": first.name}, parts[0] | {"file": second.name}]

    edit(tmp_path / "p", exchange)
    reseal(tmp_path / "p")
    with pytest.raises(cs.InputError, match=r"first_key_range|should come after the last of part"):
        cs.load(tmp_path / "p").run  # noqa: B018


def test_the_documented_digests(profile, tmp_path, monkeypatch):
    profile.save(tmp_path / "human.profile")
    monkeypatch.chdir(tmp_path)
    document = Path(__file__).parents[2] / "docs" / "profile-format.md"
    (example,) = re.findall(r"```python\n(.*?)```", document.read_text(), re.DOTALL)
    names = {"json": json, "hashlib": hashlib, "Path": Path}
    exec(example, names)
    content = names["content"]
    folder = Path("human.profile")
    for entry in (content["spectra"], content["sample"], *content["parts"]):
        data = (folder / entry["file"]).read_bytes()
        assert (entry["bytes"], entry["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert len(content["parts"]) + 3 == len(list(folder.iterdir()))


def test_one_profile_from_many(profile, documents):
    other = random_documents(100, seed=2)
    both = profile + cs.profile(other, vocab_size=50, max_order=ORDER)
    for n in range(1, ORDER + 1):
        counted = grams(documents, n) + grams(other, n)
        assert both.spectrum(n) == cs.Spectrum.from_counts(list(counted.values()))
    assert both.documents == 500


def test_a_saved_profile_may_have_other_layouts(tmp_path):
    for number, (vocab_size, order, halves) in enumerate([(2**32, 3, True), (3, 1, False)]):
        ids = [[0, vocab_size - 1, 1], [vocab_size - 1], []] * 40
        made = cs.profile(
            [np.array(d, dtype=np.int64) for d in ids],
            vocab_size=vocab_size,
            max_order=order,
            halves=halves,
        )
        made.save(tmp_path / str(number))
        assert same(cs.load(tmp_path / str(number)), made)


@pytest.mark.parametrize("order", [1, 2, ORDER])
@pytest.mark.parametrize("kinds", ["few", "few long empty", "counter many", "many counter"])
def test_what_was_saved_is_never_refused(tmp_path, order, kinds):
    """However corpora were halved, sampled, counted and merged."""
    counter = cs.NgramCounter(50, order, halves=True)
    counter.update(np.arange(40).reshape(8, 5))
    made = {
        "few": cs.profile([np.arange(5000) % 50, []], vocab_size=50, max_order=order),
        "long": cs.profile([np.arange(200_000) % 50], vocab_size=50, max_order=order),
        "many": cs.profile(random_documents(90, 3), vocab_size=50, max_order=order),
        "empty": cs.profile([[], [], [1]] * 30, vocab_size=50, max_order=order),
        "counter": counter.profile(),
    }
    first, *others = (made[kind] for kind in kinds.split())
    for other in others:
        first = first + other
    if kinds == "few long empty":
        assert first.halved_by == "blocks of up to 391 tokens"
    first.save(tmp_path / "p")
    loaded = cs.load(tmp_path / "p")
    assert same(loaded, first)
    assert np.array_equal(loaded.sample.length, first.sample.length)
    first.save(tmp_path / "q")
    merge([loaded, cs.load(tmp_path / "q")], select(), 1 << 30, save_to=tmp_path / "both")
    assert cs.load(tmp_path / "both").documents == 2 * first.documents


def test_without_table(documents, tmp_path):
    bare = cs.profile(documents, vocab_size=50, max_order=ORDER, table=False)
    bare.save(tmp_path / "bare")
    loaded = cs.load(tmp_path / "bare")
    assert loaded.spectrum(3) == bare.spectrum(3)
    assert not list((tmp_path / "bare").glob("part-*"))
    with pytest.raises(cs.CollapseStatsError, match=r"without its table.*--no-table"):
        loaded.top(2)


def test_counters_without_a_token_have_profiles(tmp_path):
    empty = cs.NgramCounter(vocab_size=10, max_order=5).profile()
    empty.save(tmp_path / "empty")
    loaded = cs.load(tmp_path / "empty")
    assert loaded.tokens == 0
    assert loaded.distinct(5) == 0
    assert loaded.entropy(1) is None


@pytest.mark.parametrize(
    "source", [[], np.array([], dtype=np.int64), [np.array([], dtype=int)], [""], iter([])]
)
def test_sources_without_a_token_are_errors(source):
    with pytest.raises(cs.InputError, match="nothing to count"):
        cs.profile(source, vocab_size=None)


def test_profiles_that_mean_different_things_are_not_merged(profile):
    other = cs.profile(["some text"] * 3, tokenizer="bytes", max_order=ORDER)
    with pytest.raises(cs.LayoutMismatchError, match="different vocabularies never compare"):
        other + cs.profile(["some text"], tokenizer="builtin", max_order=ORDER)
    ids = cs.profile([np.array([1])], vocab_size=256, max_order=ORDER)
    with pytest.raises(cs.LayoutMismatchError, match="one layout and tokenizer"):
        other + ids
    with pytest.raises(cs.LayoutMismatchError, match="one --vocab-size"):
        profile + cs.profile([np.array([1])], vocab_size=51, max_order=ORDER)
    with pytest.raises(cs.LayoutMismatchError, match="one layout and tokenizer"):
        profile + cs.profile([np.array([1])], vocab_size=50, max_order=2)


def test_orders_not_counted_are_named(profile):
    with pytest.raises(ValueError, match="between 1 and 4, the longest counted, got 5"):
        profile.distinct(5)


class TestRefusal:
    @pytest.fixture
    def saved(self, profile, tmp_path):
        profile.save(tmp_path / "p")
        return tmp_path / "p"

    def test_existing_path(self, profile, saved):
        with pytest.raises(cs.InputError, match="exists"):
            profile.save(saved)

    def test_missing_or_no_profile(self, tmp_path):
        with pytest.raises(cs.InputError, match="no such profile"):
            cs.load(tmp_path / "nowhere")
        with pytest.raises(cs.InputError, match=r"no manifest\.json"):
            cs.load(tmp_path)

    @pytest.mark.parametrize(
        ("version", "remedy"), [("1", "count the corpus again"), ("3", "or a newer one")]
    )
    def test_other_formats(self, saved, version, remedy):
        edit(saved, lambda manifest: manifest.update(schema=f"collapse-stats.profile/{version}"))
        with pytest.raises(
            cs.InputError, match=rf"format 'collapse-stats.profile/{version}'.*{remedy}"
        ):
            cs.load(saved)

    @pytest.mark.parametrize(
        "text", ["{", "", "[]", "[" * 10**6, "\xff", '{"schema": NaN}', "1" * 9999]
    )
    def test_broken_manifest(self, saved, text):
        (saved / "manifest.json").write_bytes(text.encode("latin-1"))
        with pytest.raises(cs.InputError, match=r"damaged: manifest\.json: expected"):
            cs.load(saved)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda m: m["totals"].update(documents=-1), "totals.documents to be a whole number"),
            (lambda m: m["totals"].update(documents=399), "documents"),
            (lambda m: m["totals"].pop("distinct"), "got no such"),
            (lambda m: m["totals"].update(documents=10**30), "documents"),
            (lambda m: m["totals"].update(documents=400.0), r"whole number .* got 400\.0"),
            (lambda m: m["parts"][0].update(first_key_range=5000), "first_key_range"),
            (lambda m: m["parts"][0].update(last_key_range=1024), "last_key_range"),
            (lambda m: m["parts"][0].update(file="../x"), r"parts\[0\]\.file"),
            (lambda m: m["parts"].pop(), "rows="),
            (lambda m: m["layout"].update(vocab_size=51), "vocab_size=51"),
            (lambda m: m["layout"].update(halves=False), "labels=1"),
            (lambda m: m["sample"].update(tokens=1), r"sample\.tokens"),
        ],
    )
    def test_numbers_that_cannot_be(self, saved, change, words):
        edit(saved, change)
        with pytest.raises(
            cs.InputError, match=rf"(manifest|spectra)\.(json|parquet): expected .*{words}"
        ):
            cs.load(saved)

    def test_a_key_that_occurs_twice(self, saved):
        text = (saved / "manifest.json").read_text()
        (saved / "manifest.json").write_text(text.replace("{", '{"schema": 1,', 1))
        with pytest.raises(cs.InputError, match=r"manifest\.json.*'schema' occurs twice"):
            cs.load(saved)

    @pytest.mark.parametrize("name", ["part-00000", "spectra", "sample"])
    def test_missing_file(self, saved, name):
        (saved / f"{name}.parquet").unlink()
        with pytest.raises(cs.InputError, match=rf"damaged: {name}.parquet: it is missing"):
            cs.load(saved)

    @pytest.mark.parametrize("name", ["manifest.json", "spectra.parquet", "sample.parquet"])
    def test_a_profile_that_has_lost_a_file_is_no_corpus(self, saved, name):
        (saved / name).unlink()
        for read in (cs.load, lambda path: cs.compare(path, path)):
            with pytest.raises(cs.InputError, match=rf"damaged: {name}: it is missing"):
                read(saved)

    def test_a_corpus_may_have_a_manifest(self, tmp_path):
        (tmp_path / "manifest.json").write_text("{}")
        pq.write_table(pa.table({"text": ["some text"] * 3}), tmp_path / "sample.parquet")
        assert cs.profile(tmp_path, tokenizer="bytes").documents == 3
        assert cs.compare(tmp_path, tmp_path, tokenizer="bytes").baseline.documents == 3

    def test_part_cut_short(self, saved):
        part = saved / "part-00000.parquet"
        part.write_bytes(part.read_bytes()[:-100])
        with pytest.raises(cs.InputError, match=r"part-00000.parquet: expected .* bytes, got"):
            cs.load(saved)
        reseal(saved)
        with pytest.raises(cs.InputError, match=r"part-00000.parquet: it cannot be read"):
            cs.load(saved).run  # noqa: B018

    def test_rows_out_of_order_or_lost(self, saved):
        part = saved / "part-00000.parquet"
        table = pq.read_table(part)
        pq.write_table(table.take(list(range(len(table)))[::-1]), part)
        reseal(saved)
        with pytest.raises(cs.InputError, match="out of order"):
            cs.load(saved).run  # noqa: B018
        pq.write_table(table.slice(1), part)
        reseal(saved)
        with pytest.raises(cs.InputError, match="rows, got"):
            cs.load(saved).run  # noqa: B018

    def test_rows_that_are_no_windows(self, saved):
        part = saved / "part-00000.parquet"
        table = pq.read_table(part)
        outside = pa.array([50] * len(table), pa.uint32())
        nothing = pa.nulls(len(table), pa.uint32())
        for position, column, words in (
            (1, outside, "token id 50 is outside the vocabulary of 50"),
            (1, nothing, "behind one that is missing"),
            (0, nothing, "behind one that is missing"),
            (4, nothing.cast("uint64"), "cannot be read"),
        ):
            name = table.column_names[position]
            pq.write_table(table.set_column(position, name, column), part)
            reseal(saved)
            with pytest.raises(cs.InputError, match=rf"damaged: part-00000.parquet.*{words}"):
                cs.load(saved).run  # noqa: B018
        pq.write_table(table.drop_columns(["t2"]), part)
        reseal(saved)
        with pytest.raises(cs.InputError, match=r"part-00000.parquet: it cannot be read"):
            cs.load(saved).run  # noqa: B018

    def test_counts_that_do_not_add_up(self, saved):
        part = saved / "part-00000.parquet"
        table = pq.read_table(part)
        more = pa.array(table["count_b"].to_numpy() + 1)
        pq.write_table(table.set_column(5, "count_b", more), part)
        reseal(saved)
        with pytest.raises(cs.InputError, match="do not add up to"):
            cs.load(saved).run  # noqa: B018

    def test_totals_that_do_not_match(self, saved):
        edit(saved, lambda manifest: manifest["totals"]["windows"].update({"2": 7}))
        with pytest.raises(cs.InputError, match=r"manifest\.json: expected totals\.windows\.2"):
            cs.load(saved)


def test_a_failed_save_leaves_nothing(tmp_path):
    def fill(path):
        with new_directory(path) as folder:
            (folder / "half").write_text("x")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path / "p")
    assert list(tmp_path.iterdir()) == []


def test_ranges_of_shards_never_change_a_result(documents, tmp_path, monkeypatch):
    monkeypatch.setattr(part_writer, "PART_ROWS", 500)
    once = cs.profile(documents, vocab_size=50, max_order=ORDER)
    corpus = read_corpus(documents, reading=ReadOptions(vocab_size=50))
    backend = select()
    with monkeypatch.context() as patched:  # as if nothing were needed beside the windows
        patched.setattr(type(backend), "needs", lambda self, layout, key_ranges, rows: (0, 20))
        patched.setattr("collapse_stats.counting.passes.writer_bytes", lambda memory: 0)
        memory = corpus.resident_bytes + 130_000
        saved = profile_corpus(
            corpus,
            counting=CountOptions(max_order=ORDER, memory=memory),
            backend=backend,
            save_to=tmp_path / "p",
        )
    assert len(list((tmp_path / "p").glob("part-*"))) > 5
    assert same(saved, once)
    rows = sum(
        len(run) for (run,) in read_aligned([saved.table], saved.table.resident_bytes + 20_000)
    )
    assert rows == len(once.run)
    tables = saved.table.resident_bytes + once.table.resident_bytes
    memory = tables + part_writer.writer_bytes(0) + 50_000
    twice = merge([saved, once], backend, memory, name="twice", save_to=tmp_path / "twice")
    assert twice.name == "twice"
    assert same(twice, merge([once, once], backend, memory=10**9))
    assert same(twice, once + once)
