#include "tokens.hpp"

#include <optional>
#include <string>
#include <tuple>

#include "bindings.hpp"

namespace collapse_stats::python {
namespace {

using UInt32Array = py::array_t<std::uint32_t, py::array::c_style>;
using UInt8Array = py::array_t<std::uint8_t, py::array::c_style>;

/// The ids, one bit per row that says whether there is an id (None: all rows have one), and the
/// number of the first row's bit.
using PyColumn = std::tuple<UInt32Array, std::optional<UInt8Array>, std::size_t>;

TokenView to_view(const PyColumn& column, std::size_t rows) {
  const auto& [ids, present, first_bit] = column;
  const std::size_t bits = present ? static_cast<std::size_t>(present->size()) * 8 : 0;
  if (static_cast<std::size_t>(ids.size()) != rows ||
      (present && (first_bit > bits || bits - first_bit < rows)))
    throw py::value_error("every column must have " + std::to_string(rows) +
                          " ids, and a bit for each of them");
  return {ids.data(), present ? present->data() : nullptr, first_bit};
}

py::tuple unpack_keys(std::uint64_t vocab_size, unsigned max_order, const UInt64Columns& keys) {
  const Layout layout(vocab_size, max_order, 1);
  const std::size_t stride = stride_of(keys, layout.words, "keys");
  const py::ssize_t rows = keys.shape(1);
  const py::ssize_t bytes = (rows + 63) / 64 * 8;
  UInt32Array ids({static_cast<py::ssize_t>(max_order), rows});
  UInt8Array present({static_cast<py::ssize_t>(max_order), bytes});
  std::vector<TokenColumn> columns;
  for (py::ssize_t position = 0; position < max_order; ++position)
    columns.push_back(
        {ids.mutable_data() + position * rows, present.mutable_data() + position * bytes});
  const NgramTableView table{static_cast<std::size_t>(rows), keys.data(), nullptr, stride, 0, 0, 0};
  {
    const py::gil_scoped_release release;  // takes time, and touches only arrays held here
    unpack(layout, table.rows_between(0, table.rows, layout), columns);
  }
  py::list missing;
  for (const TokenColumn& column : columns) missing.append(column.missing);
  return py::make_tuple(ids, present, missing);
}

void pack_tokens(std::uint64_t vocab_size, unsigned max_order, const std::vector<PyColumn>& columns,
                 UInt64Columns& keys) {
  const Layout layout(vocab_size, max_order, 1);
  const std::size_t stride = stride_of(keys, layout.words, "keys");
  const auto rows = static_cast<std::size_t>(keys.shape(1));
  if (columns.size() != max_order)
    throw py::value_error("expected " + std::to_string(max_order) + " columns, got " +
                          std::to_string(columns.size()));
  std::vector<TokenView> views;
  for (const PyColumn& column : columns) views.push_back(to_view(column, rows));
  std::uint64_t* const first = keys.mutable_data();
  const KeyColumns out{layout.words == 2 ? first : nullptr, first + (layout.words - 1) * stride};
  const py::gil_scoped_release release;  // takes time, and touches only arrays held by the caller
  pack(layout, views, rows, out);
}

}  // namespace

void bind_tokens(py::module_& module) {
  module.def("unpack", &unpack_keys, py::arg("vocab_size"), py::arg("max_order"), py::arg("keys"));
  module.def("pack", &pack_tokens, py::arg("vocab_size"), py::arg("max_order"), py::arg("columns"),
             py::arg("keys").noconvert());
}

}  // namespace collapse_stats::python
