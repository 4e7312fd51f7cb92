"""Tokens on a GPU (emulated by NumPy): how they are accepted and counted."""

import sys

import numpy as np
import pytest
from emulation import emulated_backend, fake_cupy, on_device

import collapse_stats as cs
from collapse_stats.ngrams.arrays import as_documents


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch):
    """A GPU with CuPy, whose backend is selected by `auto`."""
    module = fake_cupy()
    monkeypatch.setitem(sys.modules, "cupy", module)
    for name in ("profiles.counter", "counting.spectra"):
        user = sys.modules[f"collapse_stats.{name}"]
        monkeypatch.setattr(user, "select", lambda *chosen: emulated_backend())
    return module


class OnlyInterface:
    """An array of a library without DLPack."""

    def __init__(self, array):
        self.array = array
        self.__cuda_array_interface__ = array.__cuda_array_interface__


@pytest.mark.parametrize("dtype", [f"{sign}int{bits}" for sign in ("u", "") for bits in (8, 64)])
def test_spectra_of_device_tokens(cupy, dtype):
    tokens = np.random.default_rng(0).integers(0, 100, 500).astype(dtype)
    expected = cs.spectra(tokens, vocab_size=100, max_order=3)
    assert cs.spectra(on_device(tokens), vocab_size=100, max_order=3) == expected
    assert cupy.calls == ["dlpack"]
    assert cs.spectra(OnlyInterface(on_device(tokens)), vocab_size=100, max_order=3) == expected
    assert cupy.calls == ["dlpack", "cuda_array_interface"]


def test_eot_lengths_and_mask_on_the_device_are_those_on_the_host(cupy):
    rng = np.random.default_rng(1)
    for shape in ((40,), (5, 8), (0,), (3, 0)):
        tokens = rng.integers(0, 4, shape)
        mask = rng.integers(0, 2, shape)
        given = [{}, {"mask": mask}, {"eot": 2}, {"mask": mask, "eot": 2}]
        if len(shape) == 1:
            given.append({"lengths": np.array([shape[0] // 4, shape[0] - shape[0] // 4])})
        for options in given:
            on_host = as_documents(tokens, **options)
            moved = {k: on_device(v) if k != "eot" else v for k, v in options.items()}
            on_gpu = as_documents(on_device(tokens), **moved, gpu=True)
            assert [x.tolist() for x in on_host] == [x.tolist() for x in on_gpu]
            assert [type(x).__name__ for x in on_gpu] == ["DeviceArray", "ndarray", "ndarray"]


def filled(batches, **options):
    counter = cs.NgramCounter(10, 3, halves=True, **options)
    for tokens, given in batches:
        counter.update(tokens, **given)
    return counter


def test_a_counter_of_device_tokens_is_one_of_host_tokens(cupy):
    rng = np.random.default_rng(2)
    host, device = [], []
    for number in range(12):
        tokens = rng.integers(0, 10, (6, 8))
        mask = rng.integers(0, 3, (6, 8)) > 0
        tokens[~mask] = -100
        host.append((tokens, {"mask": mask}))
        if number % 4 == 3:  # host tokens in between
            device.append(host[-1])
        else:
            device.append((on_device(tokens), {"mask": on_device(mask) if number % 2 else mask}))
    expected, found = filled(host), filled(device)
    assert found.profile().run == expected.profile().run
    assert found.profile().documents == expected.profile().documents
    both, apart = filled(host), filled(device[:5])
    both.merge(filled(host))
    apart.merge(filled(device))
    for document in device[5:]:
        apart.update(document[0], **document[1])
    assert apart.profile().tokens == both.profile().tokens


def test_update_copies_and_waits_for_nothing(cupy, monkeypatch):
    monkeypatch.setattr(cupy, "asnumpy", lambda array: pytest.fail("this waits for the GPU"))
    counter = cs.NgramCounter(10, 2)
    tokens = on_device([[1, 2, 3], [4, 5, 6]])
    counter.update(tokens, mask=on_device([[1, 1, 1], [1, 1, 0]]))
    lengths = on_device([2, 1])
    counter.update(tokens[0], lengths=lengths)
    tokens[:] = 9
    lengths[:] = 0
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    assert counter.profile().tokens == 8
    assert dict(counter.profile().top(1, 9)) == {(t,): 2 if t < 4 else 1 for t in range(1, 6)}


def test_a_wrong_id_is_reported_when_counted_and_its_batch_dropped(cupy):
    for wrong, dtype in ((10, "uint8"), (-1, "int64"), (70_000, "int32"), (2**63 + 1, "uint64")):
        counter = cs.NgramCounter(10, 2)
        counter.update(on_device(np.array([1, 2, 3], dtype)))
        counter.update(on_device(np.array([3, 4, wrong], dtype)))
        counter.update(on_device(np.array([5, wrong], dtype)), mask=[1, 0])
        with pytest.raises(ValueError, match=f"token id {wrong} at position 2 is outside the voc"):
            counter.profile()
        assert counter.profile().tokens == 4


def test_counting_happens_when_enough_tokens_wait(cupy):
    counter = cs.NgramCounter(10, 2)
    counter._enough = 10
    counter.update(on_device(np.arange(6)))
    assert not counter._tables
    counter.update(on_device(np.arange(6)))
    assert counter._tables
    assert len(counter._pending._batches) == 1
    assert counter.profile().tokens == 12


def test_device_tokens_need_the_cuda_backend():
    tokens = on_device([1, 2])
    with pytest.raises(TypeError, match=r"use the cuda backend .* or pass tokens\.cpu\(\)"):
        cs.spectra(tokens, vocab_size=5, backend="numpy")
    with pytest.raises(TypeError, match="use the cuda backend"):
        cs.NgramCounter(5, backend="native").update(tokens)


def test_bad_arguments_are_named(cupy):
    counter = cs.NgramCounter(10, 2)
    with pytest.raises(TypeError, match="integers of 8 to 64 bits, got float64"):
        counter.update(on_device([1.5]))
    with pytest.raises(ValueError, match="add up to 2, got 3"):
        cs.spectra(on_device([1, 2]), vocab_size=10, lengths=on_device([1, 2]))
