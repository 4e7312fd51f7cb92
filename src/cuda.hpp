#pragma once

#include <pybind11/pybind11.h>

namespace collapse_stats::python {

/// Bind the steps of `cuda/api.hpp`.
void bind_cuda(pybind11::module_& module);

/// Bind the steps of `cuda/partition_api.hpp`; `bind_cuda` calls this.
void bind_partition(pybind11::module_& module);

}  // namespace collapse_stats::python
