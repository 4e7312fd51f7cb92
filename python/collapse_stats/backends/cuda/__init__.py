"""The cuda backend: counting on an NVIDIA GPU, by kernels of `csrc/cuda` in memory of CuPy."""
