"""Messages for a GPU that exists and cannot be used."""

import pytest

emulated = pytest.importorskip(
    "collapse_stats._cuda_emulated", reason="built without COLLAPSE_STATS_EMULATED_CUDA"
)

# cudaError_t, and words that the message must have. `gpus.cu` checks the numbers against CUDA.
TOLD = {
    2: ["memory is full", "CUDA_VISIBLE_DEVICES"],
    3: ["forked", '"spawn"'],
    34: ["LD_LIBRARY_PATH"],
    35: ["no NVIDIA driver, or it is too old for CUDA 13.1", "update the driver"],
    46: ["nvidia-smi -c DEFAULT"],
    98: ["other GPUs", "CUDAARCHS=87"],
    100: ["there is no NVIDIA GPU"],
    200: ["other GPUs", "CUDAARCHS=87"],
    209: ["other GPUs", "CUDAARCHS=87"],
    221: ["libnvidia-ptxjitcompiler", "CUDAARCHS=87"],
    222: ["older than CUDA 13.1", "update the driver", "CUDAARCHS=87"],
    223: ["CUDA_DISABLE_PTX_JIT", "CUDAARCHS=87"],
    802: ["nvidia-fabricmanager"],
    803: ["different versions", "restart"],
    804: ["LD_LIBRARY_PATH", "CUDA 13.1"],
}


@pytest.mark.parametrize("error", TOLD)
def test_what_is_wrong_and_what_to_do(error):
    text = emulated.why_unusable(error, 13010, 87, "CUDA's own text")
    assert all(part in text for part in TOLD[error]), text
    assert "CUDA's own" not in text


def test_a_capability_that_is_not_known_is_not_invented():
    text = emulated.why_unusable(209, 12040, 0, "")
    assert text.endswith("with CUDAARCHS=its compute capability in the environment")


def test_of_anything_else_cuda_tells():
    for error in {*range(1000)} - {*TOLD}:
        text = emulated.why_unusable(error, 13010, 90, "its text")
        assert text == "CUDA: looking for GPUs failed: its text"
