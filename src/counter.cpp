#include "counter.hpp"

#include <mutex>
#include <string>

#include "backend.hpp"
#include "bindings.hpp"

namespace collapse_stats::python {
namespace {

using Int64Array = py::array_t<std::int64_t, py::array::c_style>;
using UInt8Array = py::array_t<std::uint8_t, py::array::c_style>;

template <class T, int Flags>
std::span<const T> view(const py::array_t<T, Flags>& array) {
  if (!is_aligned(array)) throw py::value_error("the bounds of spans must be aligned");
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

/// A counter that Python's threads may call at once: one of them counts, the others wait.
class NativeCounter {
 private:
  template <class Call>
  auto alone(Call call) {
    // The call takes time, and touches only arrays held by the caller.
    const py::gil_scoped_release release;
    const std::lock_guard lock(one_at_a_time_);
    return call();
  }

 public:
  NativeCounter(std::uint64_t vocab_size, unsigned max_order, unsigned labels, unsigned threads,
                unsigned first_key_range, unsigned last_key_range, std::uint32_t piece_windows)
      : counter_(backends().front().make_counter({Layout(vocab_size, max_order, labels), threads,
                                                  first_key_range, last_key_range,
                                                  piece_windows})) {}

  void add(const py::array& tokens, const Int64Array& start, const Int64Array& stop,
           const Int64Array& limit, const UInt8Array& label) {
    const Chunk chunk = to_chunk(tokens, start, stop, limit, label);
    alone([&] { counter_->add(chunk); });
  }

  py::tuple table() {
    return to_python(alone([&] { return counter_->table(); }));
  }

  py::tuple table_of(unsigned first_key_range, unsigned last_key_range) {
    return to_python(alone([&] { return counter_->table(first_key_range, last_key_range); }));
  }

  py::tuple spectra(const MaskList& masks) {
    return to_python(alone([&] { return counter_->spectra(to_masks(masks)); }));
  }

  void next_pass(const MaskList& masks, unsigned first_key_range, unsigned last_key_range) {
    alone([&] { counter_->next_pass(to_masks(masks), first_key_range, last_key_range); });
  }

 private:
  std::unique_ptr<Counter> counter_;
  std::mutex one_at_a_time_;
};

}  // namespace

Chunk to_chunk(const py::array& tokens, const Int64Array& start, const Int64Array& stop,
               const Int64Array& limit, const UInt8Array& label) {
  if (tokens.ndim() != 1 || (tokens.flags() & py::array::c_style) == 0 || !is_aligned(tokens))
    throw py::value_error("tokens must be contiguous, aligned and have one dimension");
  return {tokens.data(), token_type(tokens), static_cast<std::size_t>(tokens.size()),
          view(start),   view(stop),         view(limit),
          view(label)};
}

void bind_counter(py::module_& module) {
  py::class_<NativeCounter>(module, "Counter")
      .def(py::init<std::uint64_t, unsigned, unsigned, unsigned, unsigned, unsigned,
                    std::uint32_t>(),
           py::arg("vocab_size"), py::arg("max_order"), py::arg("labels"), py::arg("threads"),
           py::arg("first_key_range"), py::arg("last_key_range"),
           py::arg("piece_windows") = std::uint32_t{1} << 20)
      .def("add", &NativeCounter::add, py::arg("tokens").noconvert(), py::arg("start"),
           py::arg("stop"), py::arg("limit"), py::arg("label"))
      .def("table", &NativeCounter::table)
      .def("table", &NativeCounter::table_of, py::arg("first_key_range"),
           py::arg("last_key_range"))
      .def("spectra", &NativeCounter::spectra, py::arg("masks"))
      .def("next_pass", &NativeCounter::next_pass, py::arg("masks"), py::arg("first_key_range"),
           py::arg("last_key_range"));
}

}  // namespace collapse_stats::python
