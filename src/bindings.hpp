#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "chunk.hpp"
#include "ngram_table.hpp"
#include "spectrum.hpp"

/// Conversion between NumPy arrays and the core, without loops over data and without formulas.
namespace collapse_stats::python {

namespace py = pybind11;

using UInt64Array = py::array_t<std::uint64_t, py::array::c_style>;
/// Columns of a table or of some of its rows. Each column is contiguous; the distance between
/// columns is arbitrary.
using UInt64Columns = py::array_t<std::uint64_t, 0>;
using MaskList = std::vector<std::pair<unsigned, unsigned>>;

void bind_backend(py::module_& module);
void bind_counter(py::module_& module);
void bind_file_heads(py::module_& module);
void bind_links(py::module_& module);
void bind_mapped_file(py::module_& module);
void bind_ngram_buckets(py::module_& module);
void bind_ngram_set(py::module_& module);
void bind_ngram_table(py::module_& module);
void bind_tokens(py::module_& module);

std::vector<Masks> to_masks(const MaskList& masks);

/// Whether the items of an array lie where the processor expects those of their type.
inline bool is_aligned(const py::array& array) {
  return (array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_) != 0;
}

/// Return an array over memory that `owner` keeps alive until the array is deleted.
template <class Owner, class T>
py::array_t<T> adopt(Owner owner, const T* data, std::vector<py::ssize_t> shape,
                     std::vector<py::ssize_t> strides = {}) {
  auto kept = std::make_unique<Owner>(std::move(owner));
  const py::capsule capsule(kept.get(), [](void* pointer) { delete static_cast<Owner*>(pointer); });
  kept.release();
  if (strides.empty()) return py::array_t<T>(std::move(shape), data, capsule);
  return py::array_t<T>(std::move(shape), std::move(strides), data, capsule);
}

/// A view of tokens and spans. Raises an error if an array does not lie in memory as the core reads it.
Chunk to_chunk(const py::array& tokens, const py::array_t<std::int64_t, py::array::c_style>& start,
               const py::array_t<std::int64_t, py::array::c_style>& stop,
               const py::array_t<std::int64_t, py::array::c_style>& limit,
               const py::array_t<std::uint8_t, py::array::c_style>& label);

/// A view of one table's rows.
NgramTableView to_view(const UInt64Columns& keys, const UInt64Columns& counts, unsigned labels,
                       unsigned first_label, const Layout& layout);

/// Return the distance between columns, in entries. Raises ValueError unless there are `number`
/// contiguous, aligned columns.
std::size_t stride_of(const UInt64Columns& columns, unsigned number, const char* what);

/// `(keys, counts)`; the arrays take over the table's memory.
py::tuple to_python(NgramTable table);

/// `(ngrams, contexts)`: for each order, a list of `(a, b, types)` with one entry per pair of
/// masks.
py::tuple to_python(JointSpectra spectra);

}  // namespace collapse_stats::python
