#include <cstdint>

#include "cuda/unusable.hpp"

#include "cuda.hpp"
#include "device.cuh"

PYBIND11_MODULE(_cuda_emulated, module) {
  namespace py = pybind11;
  module.doc() = "The steps of the GPU, emulated by the CPU, for tests.";
  collapse_stats::python::bind_cuda(module);
  module.def(
      "emulate",
      [](std::uint64_t seed, unsigned workers) {
        collapse_stats::cuda::emulation() = {seed, workers};
      },
      py::arg("seed"), py::arg("workers") = 1U,
      "Draw the order of threads from `seed`; with several workers they race.");
  module.def(
      "why_unusable",
      [](int error, unsigned runtime, unsigned capability, const std::string& said) {
        return collapse_stats::cuda::why_unusable(error, {runtime, capability}, said);
      },
      "The message for an error of CUDA.");
}
