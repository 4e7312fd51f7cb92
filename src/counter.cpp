#include "counter.hpp"

#include <string>

#include "backend.hpp"
#include "bindings.hpp"

namespace collapse_stats::python {
namespace {

using Int64Array = py::array_t<std::int64_t, py::array::c_style>;
using UInt8Array = py::array_t<std::uint8_t, py::array::c_style>;

template <class T, int Flags>
std::span<const T> view(const py::array_t<T, Flags>& array) {
  return {array.data(), static_cast<std::size_t>(array.size())};
}

TokenType token_type(const py::array& tokens) {
  const auto is = [&]<class T>(T) { return py::isinstance<py::array_t<T>>(tokens); };
  if (is(std::uint8_t{})) return TokenType::u8;
  if (is(std::uint16_t{})) return TokenType::u16;
  if (is(std::uint32_t{})) return TokenType::u32;
  if (is(std::uint64_t{})) return TokenType::u64;
  if (is(std::int8_t{})) return TokenType::i8;
  if (is(std::int16_t{})) return TokenType::i16;
  if (is(std::int32_t{})) return TokenType::i32;
  if (is(std::int64_t{})) return TokenType::i64;
  throw py::type_error("tokens must be integers of 8 to 64 bits in native byte order, got " +
                       py::str(tokens.dtype()).cast<std::string>());
}

Chunk to_chunk(const py::array& tokens, const Int64Array& start, const Int64Array& stop,
               const Int64Array& limit, const UInt8Array& label) {
  if (tokens.ndim() != 1 || (tokens.flags() & py::array::c_style) == 0)
    throw py::value_error("tokens must be contiguous and have one dimension");
  return {tokens.data(), token_type(tokens), static_cast<std::size_t>(tokens.size()),
          view(start),   view(stop),         view(limit),
          view(label)};
}

std::unique_ptr<Counter> make_native(std::uint64_t vocab_size, unsigned max_order, unsigned labels,
                                     unsigned threads, unsigned first_key_range,
                                     unsigned last_key_range, std::uint32_t piece_windows) {
  const Layout layout(vocab_size, max_order, labels);
  return backends().front().make_counter(
      {layout, threads, first_key_range, last_key_range, piece_windows});
}

void add(Counter& counter, const py::array& tokens, const Int64Array& start, const Int64Array& stop,
         const Int64Array& limit, const UInt8Array& label) {
  const Chunk chunk = to_chunk(tokens, start, stop, limit, label);
  const py::gil_scoped_release release;  // takes time, and touches only arrays held by the caller
  counter.add(chunk);
}

py::tuple table(Counter& counter) {
  return to_python([&] {
    const py::gil_scoped_release release;  // takes time, and touches no Python object
    return counter.table();
  }());
}

py::tuple table_of(Counter& counter, unsigned first_key_range, unsigned last_key_range) {
  return to_python([&] {
    const py::gil_scoped_release release;  // takes time, and touches no Python object
    return counter.table(first_key_range, last_key_range);
  }());
}

py::tuple spectra(Counter& counter, const MaskList& masks) {
  return to_python([&] {
    const py::gil_scoped_release release;  // takes time, and touches no Python object
    return counter.spectra(to_masks(masks));
  }());
}

void next_pass(Counter& counter, const MaskList& masks, unsigned first_key_range,
               unsigned last_key_range) {
  const py::gil_scoped_release release;  // takes time, and touches no Python object
  counter.next_pass(to_masks(masks), first_key_range, last_key_range);
}

}  // namespace

void bind_counter(py::module_& module) {
  py::class_<Counter>(module, "Counter")
      .def(py::init(&make_native), py::arg("vocab_size"), py::arg("max_order"), py::arg("labels"),
           py::arg("threads"), py::arg("first_key_range"), py::arg("last_key_range"),
           py::arg("piece_windows") = std::uint32_t{1} << 20)
      .def("add", &add, py::arg("tokens").noconvert(), py::arg("start"), py::arg("stop"),
           py::arg("limit"), py::arg("label"))
      .def("table", &table)
      .def("table", &table_of, py::arg("first_key_range"), py::arg("last_key_range"))
      .def("spectra", &spectra, py::arg("masks"))
      .def("next_pass", &next_pass, py::arg("masks"), py::arg("first_key_range"),
           py::arg("last_key_range"));
}

}  // namespace collapse_stats::python
