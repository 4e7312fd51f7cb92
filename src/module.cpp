#include "bindings.hpp"

// The core throws std::invalid_argument for mistakes of the caller and std::bad_alloc when memory
// runs out; pybind11 translates them to ValueError and MemoryError.
PYBIND11_MODULE(_native, module) {
  namespace python = collapse_stats::python;
  module.doc() = "Counting in C++; see collapse_stats.backends.native.";
  python::bind_backend(module);
  python::bind_counter(module);
  python::bind_file_heads(module);
  python::bind_links(module);
  python::bind_mapped_file(module);
  python::bind_ngram_buckets(module);
  python::bind_ngram_set(module);
  python::bind_ngram_table(module);
  python::bind_tokens(module);
}
