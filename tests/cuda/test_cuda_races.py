"""The steps of the emulated GPU with concurrent threads, for ThreadSanitizer (`make tsan`)."""

import pytest
from corpora import documents, zipf_tokens
from oracles import check_spectra, check_table

from collapse_stats.ngrams.layout import Layout

core = pytest.importorskip(
    "collapse_stats._cuda_emulated", reason="built without COLLAPSE_STATS_EMULATED_CUDA"
)


@pytest.mark.parametrize("seed", [1, 2])  # threads of a block run concurrently, or blocks do
@pytest.mark.parametrize("by_sorting", [False, True])
@pytest.mark.parametrize("layout", [Layout(50, 3, 2), Layout(50_257, 4, 4)])
def test_racing_threads_change_nothing(layout: Layout, by_sorting: bool, seed: int) -> None:
    from emulation import emulated_backend

    chunks = [documents(layout, zipf_tokens(n, 50, n), 30, 3) for n in (300, 100)]
    masks = [((1 << layout.labels) - 1, 0), (1, 2)]
    backend = emulated_backend(by_sorting=by_sorting)
    core.emulate(seed, 4)
    try:
        joint_spectra, table = backend.spectra(chunks, layout, masks), backend.count(chunks, layout)
        again = backend.joint_spectra([[table]], masks)
    finally:
        core.emulate(0)
    check_table(table, layout, chunks)
    for spectra in (joint_spectra, again):
        check_spectra(spectra, layout.max_order, layout.labels, chunks, masks)
