"""Records of 128 bits that no bucket takes a bit off: `record >> 128` in `take_bucket`."""

import numpy as np
import pytest
from corpora import documents
from emulation import emulated_backend

from collapse_stats.backends import select
from collapse_stats.keys import Layout

@pytest.mark.parametrize("size", [10, 20, 39])
@pytest.mark.parametrize("layout", [Layout(2**16 - 1, 8), Layout(2**18 - 1, 7, 4), Layout(2**21 - 1, 6, 4)], ids=str)
def test_few_windows_of_128_bits(layout: Layout, size: int) -> None:
    tokens = np.random.default_rng(size).integers(0, layout.vocab_size, size).astype(np.uint32)
    chunks = [documents(layout, tokens, 2)]
    masks = [(1, 0)]
    got = emulated_backend().spectra(chunks, layout, masks)
    assert got == select("native", 1).spectra(chunks, layout, masks)
