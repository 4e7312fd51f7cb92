#include "bindings.hpp"

// The core throws std::invalid_argument for what the user can mend and std::bad_alloc; pybind11
// maps them to ValueError and MemoryError.
PYBIND11_MODULE(_native, module) {
  namespace python = collapse_stats::python;
  module.doc() = "Counting in C++: see collapse_stats.backends._native.";
  python::bind_backend(module);
  python::bind_counter(module);
  python::bind_ngram_table(module);
  python::bind_tokens(module);
}
