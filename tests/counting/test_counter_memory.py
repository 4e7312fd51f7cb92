"""Counters with more tokens than fit into their memory."""

import errno
import gc
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from emulation import emulated_backend, fake_cupy, on_device

import collapse_stats as cs
from collapse_stats.backends.base import Backend
from collapse_stats.counting.recounted_table import RecountedTable
from collapse_stats.errors import InputError
from collapse_stats.system.memory import TooLittleMemoryError, is_mapped

VOCAB, ORDER = 50, 4
LITTLE = 1 << 19  # bytes: some of the batches below fit


@pytest.fixture
def tight(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> Backend:
    """A backend that needs no fixed memory, so that a small budget is usable."""
    monkeypatch.setattr(type(backend), "needs", lambda self, layout, key_ranges, rows: (0, 32))
    monkeypatch.setattr("collapse_stats.profiles.counter.select", lambda *chosen: backend)
    return backend


def batches(number, seed=0):
    """Yield batches of every shape that `update` accepts, most of whose n-grams are new."""
    rng = np.random.default_rng(seed)
    for i in range(number):
        tokens = rng.integers(0, VOCAB, (40, 50))
        if i % 4 == 0:
            yield tokens.reshape(-1), {}
        elif i % 4 == 1:
            yield tokens.reshape(-1), {"lengths": rng.multinomial(2000, np.full(300, 1 / 300))}
        elif i % 4 == 2:
            mask = rng.random((40, 50)) < 0.9
            yield np.where(mask, tokens, -100), {"mask": mask}
        else:
            for row in tokens:
                yield row, {}


def filled(counter, *updates):
    for tokens, options in updates:
        counter.update(tokens, **options)
    return counter


def check_equal(actual, expected):
    assert actual.joint_spectra == expected.joint_spectra
    assert actual.run == expected.run
    assert actual.documents == expected.documents
    assert actual.table.rows == expected.table.rows == len(expected.run)
    assert actual.top(ORDER, 5) == expected.top(ORDER, 5)


@pytest.mark.parametrize("halves", [False, True])
def test_tokens_that_do_not_fit_are_counted(tight, tmp_path, halves):
    updates = list(batches(16))
    everything = filled(cs.NgramCounter(VOCAB, ORDER, halves=halves), *updates)
    little = cs.NgramCounter(VOCAB, ORDER, halves=halves, memory=LITTLE, tmp=tmp_path)
    for at, (tokens, options) in enumerate(updates):
        little.update(tokens, **options)
        if at % 50 == 7:
            little.profile()  # counting continues afterwards
    profile = little.profile()
    assert little._tables, "a part fits"
    assert little._spilled, "a part does not"
    assert all(is_mapped(array) for chunk in little._spilled for array in chunk.arrays)
    assert sum(table.nbytes for table in little._tables) <= LITTLE // 4
    assert len(profile.table.passes) > 1
    check_equal(profile, everything.profile())
    assert list(tmp_path.iterdir()) == []  # the file has no name

    little.reset()
    assert little.profile().tokens == 0
    filled(little, *updates[:3])
    check_equal(little.profile(), filled(everything_anew(halves), *updates[:3]).profile())


def everything_anew(halves):
    return cs.NgramCounter(VOCAB, ORDER, halves=halves)


def test_against_the_oracle(tight):
    rows = np.random.default_rng(4).integers(0, VOCAB, (1000, 30))
    profile = filled(cs.NgramCounter(VOCAB, ORDER, memory=LITTLE), (rows, {})).profile()
    assert isinstance(profile.table, RecountedTable)
    for n in range(1, ORDER + 1):
        grams = Counter(tuple(row[i : i + n]) for row in rows.tolist() for i in range(31 - n))
        assert profile.spectrum(n) == cs.Spectrum.from_counts(list(grams.values()))


def test_a_profile_is_of_what_was_counted_until_then(tight):
    updates = list(batches(16))
    counter = filled(cs.NgramCounter(VOCAB, ORDER, memory=LITTLE), *updates[:60])
    early = counter.profile()
    filled(counter, *updates[60:])
    expected = filled(cs.NgramCounter(VOCAB, ORDER), *updates[:60]).profile()
    counter.reset()
    del counter
    gc.collect()
    check_equal(early, expected)


def test_counters_that_spilled_are_merged(tight):
    first_updates, second_updates = list(batches(16, seed=1)), list(batches(13, seed=2))
    expected = filled(cs.NgramCounter(VOCAB, ORDER, halves=True), *first_updates)
    expected.merge(filled(cs.NgramCounter(VOCAB, ORDER, halves=True), *second_updates))
    first = filled(cs.NgramCounter(VOCAB, ORDER, halves=True, memory=3 * LITTLE), *first_updates)
    second = filled(cs.NgramCounter(VOCAB, ORDER, halves=True, memory=LITTLE), *second_updates)
    assert first._spilled
    assert second._spilled
    first.merge(second)
    del second
    gc.collect()
    filled(first, *first_updates[:5])
    filled(expected, *first_updates[:5])
    check_equal(first.profile(), expected.profile())


def test_counts_that_do_not_fit_are_not_merged(tight):
    counter, other = (
        filled(cs.NgramCounter(VOCAB, ORDER, memory=LITTLE), *batches(16, s)) for s in (1, 2)
    )
    before = counter.profile()
    with pytest.raises(TooLittleMemoryError, match="give at least 2MB") as error:
        counter.merge(other)
    check_equal(counter.profile(), before)
    large = cs.NgramCounter(VOCAB, ORDER, memory=error.value.least)
    large.merge(counter)
    large.merge(other)
    assert large.profile().tokens == counter.profile().tokens + other.profile().tokens


def test_a_profile_that_does_not_fit_loses_nothing(tight, monkeypatch):
    updates = list(batches(16))
    counter = filled(cs.NgramCounter(VOCAB, ORDER, memory=LITTLE), *updates)
    counter.profile()
    roomy = type(tight).needs
    monkeypatch.setattr(type(tight), "needs", lambda self, layout, key_ranges, rows: (0, 1 << 16))
    with pytest.raises(TooLittleMemoryError, match="give at least"):
        counter.profile()
    monkeypatch.setattr(type(tight), "needs", roomy)
    check_equal(counter.profile(), filled(cs.NgramCounter(VOCAB, ORDER), *updates).profile())


def test_repeated_text_needs_neither_memory_nor_file(tight):
    counter = cs.NgramCounter(VOCAB, ORDER, memory=LITTLE)
    for _ in range(40):
        counter.update(np.arange(5000) % 7)
    assert not counter._spilled
    assert counter.profile().run.windows == 200_000


def test_small_batches_are_packed(tight):
    counter = cs.NgramCounter(VOCAB, ORDER)
    for i in range(2000):
        counter.update([i % VOCAB, 1, 2])
    assert len(counter._pending._small) + len(counter._pending.chunks) < 300
    assert counter.profile().documents == 2000


def test_too_small_a_budget_says_what_would_do():
    with pytest.raises(TooLittleMemoryError, match="memory is 10,000 bytes, and this needs") as no:
        cs.NgramCounter(VOCAB, ORDER, memory=10_000)
    enough = re.search(r"memory='(\d+MB)'", str(no.value)).group(1)
    counter = filled(cs.NgramCounter(VOCAB, ORDER, memory=enough), *batches(8))
    check_equal(counter.profile(), filled(cs.NgramCounter(VOCAB, ORDER), *batches(8)).profile())
    with pytest.raises(TooLittleMemoryError):
        cs.NgramCounter(VOCAB, ORDER, memory=no.value.least - 1)


def test_a_full_disk_says_how_much_was_needed_and_loses_nothing(tight, tmp_path):
    updates = list(batches(16))
    counter = cs.NgramCounter(VOCAB, ORDER, memory=LITTLE, tmp=tmp_path)

    def full(file, size):
        raise OSError(errno.ENOSPC, "No space left on device")

    left = list(updates)

    def go_on():
        while left:
            filled(counter, left[0])
            left.pop(0)

    patch = pytest.MonkeyPatch()
    patch.setattr("collapse_stats.system.spill.os.ftruncate", full)
    with pytest.raises(InputError) as error:
        go_on()
    patch.undo()
    assert re.search(
        rf"no room for tokens in {tmp_path} \(No space.*more than [\d,]+ bytes are needed",
        str(error.value),
    )
    go_on()  # there is room again, and nothing was lost or added twice
    check_equal(counter.profile(), filled(cs.NgramCounter(VOCAB, ORDER), *updates).profile())


def test_tokens_on_a_gpu_go_to_the_file_as_well(monkeypatch, tmp_path):
    backend = emulated_backend()
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy())
    monkeypatch.setattr("collapse_stats.profiles.counter.select", lambda *chosen: backend)
    updates = [(tokens, options) for tokens, options in batches(40) if not options]
    host = filled(cs.NgramCounter(VOCAB, ORDER, halves=True), *updates)
    device = cs.NgramCounter(VOCAB, ORDER, halves=True, memory=2 * LITTLE, tmp=tmp_path)
    filled(device, *((on_device(tokens), options) for tokens, options in updates))
    profile = device.profile()
    assert device._spilled
    check_equal(profile, host.profile())


@pytest.mark.skipif(sys.platform != "linux", reason="open files are counted on Linux")
def test_a_file_takes_few_descriptors_and_gives_them_back(tight, tmp_path):
    def open_files():
        return len(list(Path("/proc/self/fd").iterdir()))

    gc.collect()
    before = open_files()
    counter = cs.NgramCounter(VOCAB, ORDER, memory=LITTLE, tmp=tmp_path)
    filled(counter, *batches(100))
    assert len(counter._spilled) > 50
    assert open_files() - before < 20
    counter.reset()
    gc.collect()
    assert open_files() == before
