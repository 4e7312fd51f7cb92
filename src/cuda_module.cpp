#include "cuda.hpp"

PYBIND11_MODULE(_cuda, module) {
  module.doc() = "Counting on a GPU, step by step; see csrc/cuda/api.hpp.";
  collapse_stats::python::bind_cuda(module);
}
