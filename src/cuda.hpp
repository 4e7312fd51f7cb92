#pragma once

#include <pybind11/pybind11.h>

namespace collapse_stats::python {

/// The steps of `cuda/api.hpp`.
void bind_cuda(pybind11::module_& module);

/// The steps of `cuda/partition_api.hpp`; `bind_cuda` calls it.
void bind_partition(pybind11::module_& module);

}  // namespace collapse_stats::python
