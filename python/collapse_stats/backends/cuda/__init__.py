"""The cuda backend: counting on an NVIDIA GPU, in memory of CuPy by kernels of `csrc/cuda`."""
